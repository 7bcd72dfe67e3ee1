# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,update-health,tests/unit/update/test_health.c,mg-update))
$(eval $(call unit,update,tests/unit/update/test_update.c,mg-update))
