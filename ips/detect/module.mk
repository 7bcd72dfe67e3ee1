# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-detect,ips/detect,$(notdir $(sort $(wildcard ips/detect/*.c))),ips-rules ips-proto \
	ips-stream ips-flow ips-packet ips-output sk,libpcre2-8 libhs gnutls))
