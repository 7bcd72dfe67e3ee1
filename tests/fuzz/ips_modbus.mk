# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-modbus,tests/fuzz/ips_modbus.c tests/fuzz/ips_app_drive.c,ips-proto))
