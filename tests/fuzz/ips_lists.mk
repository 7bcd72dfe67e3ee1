# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-lists,tests/fuzz/ips_lists.c,ips-engine))
