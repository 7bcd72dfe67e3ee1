# SPDX-License-Identifier: GPL-2.0-or-later
ips-state.tests := threshold flow sets iprep
$(foreach t,$(ips-state.tests),$(eval $(call unit,ips-state-$(t),tests/unit/ips-state/test_$(t).c,ips-detect)))
