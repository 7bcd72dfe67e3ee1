# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,gate-conf,tests/unit/gate/test_conf.c,fw-gate))
$(eval $(call unit,gate-rows,tests/unit/gate/test_rows.c,fw-nft))
$(eval $(call unit,gate-plan,tests/unit/gate/test_plan.c,fw-nft))
