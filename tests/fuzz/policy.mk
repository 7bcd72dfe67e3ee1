# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,policy,tests/fuzz/fuzz_policy.c,fw-policy))
