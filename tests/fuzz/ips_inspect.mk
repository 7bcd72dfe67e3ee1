# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-inspect,tests/fuzz/ips_inspect.c,ips-detect))
$(eval $(call fuzzer,ips-sets,tests/fuzz/ips_sets.c,ips-detect))
