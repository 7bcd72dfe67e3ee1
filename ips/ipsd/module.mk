# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-ipsd,ips/ipsd,load.c offline.c check.c,ips-engine ips-capture ips-rules ips-detect sk,))
$(eval $(call program,sekisho-ipsd,ips/ipsd,main.c,ips-ipsd,,$(PREFIX)/sbin))
