# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,rawflood,tests/netns/rawflood.c,))
