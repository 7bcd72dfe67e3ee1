# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-quic,tests/fuzz/ips_quic.c tests/fuzz/ips_app_drive.c,ips-proto))
