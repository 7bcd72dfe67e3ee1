# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,bench-nft-apply,tests/bench/nft_apply.c,fw-nft))
