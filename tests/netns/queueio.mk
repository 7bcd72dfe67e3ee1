# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,queueio,tests/netns/queueio.c,ips-queue))
