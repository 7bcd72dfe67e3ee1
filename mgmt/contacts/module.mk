# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-contacts,mgmt/contacts,decode.c store.c set.c ask.c,mg-events sk,sqlite3 jansson))
