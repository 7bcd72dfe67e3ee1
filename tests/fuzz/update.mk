# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,update,tests/fuzz/update.c,mg-update))
