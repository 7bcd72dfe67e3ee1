# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-http2,tests/fuzz/ips_http2.c tests/fuzz/ips_app_drive.c,ips-proto))
