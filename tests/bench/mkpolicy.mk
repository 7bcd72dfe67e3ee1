# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,mkpolicy,tests/bench/mkpolicy.c,fw-policy))
