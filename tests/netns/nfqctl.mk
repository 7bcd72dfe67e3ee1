# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,nfqctl,tests/netns/nfqctl.c,,libmnl))
