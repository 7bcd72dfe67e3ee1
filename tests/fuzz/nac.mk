# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,nac-hostapd,tests/fuzz/nac_hostapd.c,nac-dot1x))
$(eval $(call fuzzer,nac-document,tests/fuzz/nac_document.c,nac-admission))
