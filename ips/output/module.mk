# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-output,ips/output,json.c eve.c,sk,))
