# SPDX-License-Identifier: GPL-2.0-or-later
ips-inspect.tests := cases search limits transform conds tx
$(foreach t,$(ips-inspect.tests),$(eval $(call unit,ips-inspect-$(t),tests/unit/ips-inspect/test_$(t).c \
	tests/unit/ips-inspect/one.c,ips-detect)))
