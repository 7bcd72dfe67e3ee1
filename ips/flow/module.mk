# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-flow,ips/flow,key.c table.c,sk,))
