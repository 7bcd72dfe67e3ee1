# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,list,tests/unit/list/test_list.c,fw-list))
