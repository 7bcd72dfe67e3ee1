# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-tls,tests/fuzz/ips_tls.c tests/fuzz/ips_app_drive.c,ips-proto))
