# SPDX-License-Identifier: GPL-2.0-or-later
# mg-update is pure; the programs lie in folders of their own.
$(eval $(call module,mg-update,mgmt/update,health.c,sk,))
$(eval $(call program,health,mgmt/update/health,main.c,mg-update sk,,$(PREFIX)/lib/sekisho))
