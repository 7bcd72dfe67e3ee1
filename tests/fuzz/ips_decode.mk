# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-decode,tests/fuzz/ips_decode.c,ips-packet))
