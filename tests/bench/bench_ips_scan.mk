# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,bench-ips-scan,tests/bench/bench_ips_scan.c,ips-detect))
