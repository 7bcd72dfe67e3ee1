# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-queue,tests/fuzz/ips_queue.c,ips-queue))
