# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-dcerpc,tests/fuzz/ips_dcerpc.c tests/fuzz/ips_app_drive.c,ips-proto))
