# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,gate,tests/fuzz/gate.c,fw-nft))
