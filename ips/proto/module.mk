# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-proto,ips/proto,$(notdir $(sort $(wildcard ips/proto/*.c))),ips-output sk,htp libnghttp2 libbrotlidec gnutls zlib))
