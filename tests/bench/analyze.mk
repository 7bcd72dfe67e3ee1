# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,bench-analyze,tests/bench/bench_analyze.c,fw-policy))
