# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,why,tests/unit/why/test_why.c,mg-why))
