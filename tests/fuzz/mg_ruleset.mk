# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,mg-ruleset,tests/fuzz/mg_ruleset.c,mg-ruleset))
