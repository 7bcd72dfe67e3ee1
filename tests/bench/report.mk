# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,bench-report,tests/bench/bench_report.c,mg-report))
