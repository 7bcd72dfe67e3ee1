# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-lists,ips/lists,lists.c learned.c,sk,))
