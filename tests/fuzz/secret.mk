# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,secret,tests/fuzz/secret.c,mg-secret))
