# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-rules,ips/rules,$(notdir $(sort $(wildcard ips/rules/*.c))),ips-proto ips-packet ips-output \
	sk,libpcre2-8 jansson))
