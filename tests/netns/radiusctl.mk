# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,radiusctl,tests/netns/radiusctl.c,mg-radius mg-events))
