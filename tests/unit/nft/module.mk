# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,nft,tests/unit/nft/test_nft.c tests/unit/nft/kernel.c tests/unit/nft/sample.c \
	tests/unit/policy/build.c,fw-nft))
$(eval $(call unit,nft-text,tests/unit/nft/test_text.c tests/unit/nft/sample.c \
	tests/unit/policy/build.c,fw-nft))
$(eval $(call unit,nft-blocks,tests/unit/nft/test_blocks.c tests/unit/policy/build.c,fw-nft))
$(eval $(call unit,nft-lists,tests/unit/nft/test_lists.c tests/unit/nft/kernel.c tests/unit/nft/sample.c \
	tests/unit/policy/build.c,fw-nft))
