# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-capture,ips/capture,capture.c list.c,ips-packet sk,libpcap))
