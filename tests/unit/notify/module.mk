# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,notify,tests/unit/notify/test_notify.c,mg-notify))
