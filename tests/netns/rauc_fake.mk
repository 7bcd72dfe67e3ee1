# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,rauc_fake,tests/netns/rauc_fake.c,sk,libsystemd))
