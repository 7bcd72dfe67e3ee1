# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,nac-ca,nac/ca,ca.c store.c,sk,gnutls))
