# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-detect,tests/fuzz/ips_detect.c,ips-detect))
