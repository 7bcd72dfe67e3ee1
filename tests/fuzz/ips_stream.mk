# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,ips-stream,tests/fuzz/ips_stream.c,ips-stream))
