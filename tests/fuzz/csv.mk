# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,csv,tests/fuzz/fuzz_csv.c,fw-registry sk))
$(eval $(call fuzzer,spec,tests/fuzz/fuzz_spec.c,fw-registry sk))
