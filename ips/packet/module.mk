# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-packet,ips/packet,csum.c decode.c event.c frag.c icmp.c ipv4.c ipv6.c l4.c link.c pcapbuf.c \
	ppp.c tunnel.c,sk,))
