# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,fw-list,tests/fuzz/fw_list.c,fw-list))
