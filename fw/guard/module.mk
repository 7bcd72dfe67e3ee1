# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,fw-guard,fw/guard,scan.c blocks.c seen.c,fw-policy fw-registry sk,jansson))
