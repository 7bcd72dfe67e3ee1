# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,nac-admission,nac/admission,mac.c state.c session.c fingerprint.c document.c devices.c decide.c,sk,))
