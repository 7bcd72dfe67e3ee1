# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-capture,tests/fuzz/ips_capture.c,ips-capture))
