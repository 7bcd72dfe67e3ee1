# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-dns,tests/fuzz/ips_dns.c tests/fuzz/ips_app_drive.c,ips-proto))
