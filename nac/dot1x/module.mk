# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,nac-dot1x,nac/dot1x,parse.c conf.c exchange.c ctrl.c launcher.c hostapd.c,nac-observe sk,))
