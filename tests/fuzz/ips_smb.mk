# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-smb,tests/fuzz/ips_smb.c tests/fuzz/ips_app_drive.c,ips-proto))
