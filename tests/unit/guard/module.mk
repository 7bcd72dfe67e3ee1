# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,guard-scan,tests/unit/guard/test_scan.c,fw-guard))
$(eval $(call unit,guard-blocks,tests/unit/guard/test_blocks.c,fw-guard))
$(eval $(call unit,guard-see,tests/unit/guard/test_see.c tests/unit/policy/build.c,fw-fwd))
