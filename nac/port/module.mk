# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,nac-port,nac/port,gate.c fwd.c,nac-observe sk,))
