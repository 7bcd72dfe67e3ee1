# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,fwdctl,tests/netns/fwdctl.c,fw-policy))
