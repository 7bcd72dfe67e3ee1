# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,mkmmdb,tests/netns/mkmmdb.c tests/unit/geo/mmdb.c,,))
