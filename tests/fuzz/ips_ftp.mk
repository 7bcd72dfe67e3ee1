# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-ftp,tests/fuzz/ips_ftp.c tests/fuzz/ips_app_drive.c,ips-proto))
