# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-ipsd,ips/ipsd,load.c offline.c check.c daemon.c thread.c ring.c fold.c events.c apply.c ops.c \
	monitor.c reset.c answer.c lists.c serve.c,ips-engine ips-queue ips-capture ips-rules ips-detect sk,))
$(eval $(call program,sekisho-ipsd,ips/ipsd,main.c,ips-ipsd,,$(PREFIX)/sbin))
