# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-rules,tests/fuzz/ips_rules.c,ips-rules sk))
