# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-queue,ips/queue,msg.c queue.c,ips-packet sk,libmnl))
