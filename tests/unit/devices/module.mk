# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,device-fields,tests/unit/devices/test_device.c,mg-devices sk))
