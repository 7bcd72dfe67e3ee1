# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-http,tests/fuzz/ips_http.c tests/fuzz/ips_app_drive.c,ips-proto))
