# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,fw-gate,fw/gate,conf.c mac.c rows.c,sk))
