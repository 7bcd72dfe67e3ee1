# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,gateway,tests/fuzz/gateway.c,mg-gateway sk))
