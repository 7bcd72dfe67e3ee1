# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,bench-lists,tests/bench/bench_lists.c,ips-lists))
