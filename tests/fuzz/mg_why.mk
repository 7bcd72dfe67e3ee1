# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,mg-why,tests/fuzz/mg_why.c,mg-why))
