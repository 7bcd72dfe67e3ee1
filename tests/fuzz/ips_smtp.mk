# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-smtp,tests/fuzz/ips_smtp.c tests/fuzz/ips_app_drive.c,ips-proto))
