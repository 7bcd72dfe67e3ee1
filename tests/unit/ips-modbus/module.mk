# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,ips-modbus,tests/unit/ips-modbus/test_modbus.c tests/unit/ips-http/talk.c,ips-proto))
