# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,mgmtd,tests/unit/mgmtd/test_core.c,mg-mgmtd))
