# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,lists-check,tests/unit/lists/test_check.c tests/unit/lists/lists.c,mg-lists mg-feeds sk))
$(eval $(call unit,lists-merge,tests/unit/lists/test_merge.c tests/unit/lists/lists.c,mg-lists mg-feeds sk))
