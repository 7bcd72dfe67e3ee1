# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,packet,tests/fuzz/packet.c,fw-fwd))
