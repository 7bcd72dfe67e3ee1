# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,bench-decode,tests/bench/bench_decode.c,ips-packet))
