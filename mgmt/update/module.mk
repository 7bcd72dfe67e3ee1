# SPDX-License-Identifier: GPL-2.0-or-later
# mg-update is pure; the programs lie in folders of their own.
$(eval $(call module,mg-update,mgmt/update,version.c index.c bundle.c grubenv.c outcome.c health.c,sk,))
$(eval $(call program,health,mgmt/update/health,main.c,mg-update sk,,$(PREFIX)/lib/sekisho))
