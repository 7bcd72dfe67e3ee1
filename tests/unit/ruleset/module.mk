# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,ruleset,tests/unit/ruleset/test_ruleset.c,mg-ruleset))
