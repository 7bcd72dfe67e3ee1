# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,nac-state,tests/unit/nac/test_state.c,nac-admission))
$(eval $(call unit,nac-decide,tests/unit/nac/test_decide.c,nac-admission))
$(eval $(call unit,nac-document,tests/unit/nac/test_document.c,nac-admission))
$(eval $(call unit,nac-hostapd,tests/unit/nac/test_hostapd.c,nac-dot1x))
$(eval $(call unit,nac-gate,tests/unit/nac/test_gate.c,nac-port))
$(eval $(call unit,nac-ca,tests/unit/nac/test_ca.c,nac-ca))
$(eval $(call unit,nac-looks,tests/unit/nac/test_looks.c,nac-nacd))
