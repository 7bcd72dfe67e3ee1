# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,nac-admission,nac/admission,state.c session.c document.c devices.c decide.c,nac-observe sk,))
