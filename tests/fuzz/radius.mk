# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,radius-record,tests/fuzz/radius_record.c,mg-radius))
$(eval $(call fuzzer,radius-coa,tests/fuzz/radius_coa.c,mg-radius))
