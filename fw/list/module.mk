# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,fw-list,fw/list,list.c find.c sweep.c diff.c edit.c,fw-registry sk,jansson))
