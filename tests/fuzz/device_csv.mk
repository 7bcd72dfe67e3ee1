# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,device-csv,tests/fuzz/device_csv.c,mg-devices sk))
