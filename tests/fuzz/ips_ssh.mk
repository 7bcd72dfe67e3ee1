# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-ssh,tests/fuzz/ips_ssh.c tests/fuzz/ips_app_drive.c,ips-proto))
