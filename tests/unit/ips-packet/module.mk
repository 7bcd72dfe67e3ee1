# SPDX-License-Identifier: GPL-2.0-or-later
ips_packet_build := tests/unit/ips-packet/build.c
$(foreach t,link ip l4 tunnel frag misc,$(eval $(call unit,ips-packet-$(t),tests/unit/ips-packet/test_$(t).c \
	$(ips_packet_build),ips-packet)))
