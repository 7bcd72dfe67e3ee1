# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,mg-lists,tests/fuzz/mg_lists.c,mg-lists mg-feeds sk))
