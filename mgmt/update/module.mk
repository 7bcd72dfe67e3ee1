# SPDX-License-Identifier: GPL-2.0-or-later
# mg-update is pure; the programs lie in folders of their own.
$(eval $(call module,mg-update,mgmt/update,version.c index.c bundle.c grubenv.c outcome.c health.c,sk,))
$(eval $(call module,mg-update-run,mgmt/update/run,get.c cms.c confine.c rauc.c state.c request.c,mg-update mg-fetch sk,gnutls))
$(eval $(call program,sekisho-update,mgmt/update/run,main.c,mg-update-run,,$(PREFIX)/sbin))
$(eval $(call program,health,mgmt/update/health,main.c,mg-update sk,,$(PREFIX)/lib/sekisho))
$(eval $(call program,sekisho-system,mgmt/update/system,main.c,mg-update sk,,$(PREFIX)/sbin))
