# SPDX-License-Identifier: GPL-2.0-or-later
ips-detect.tests := classify groups packet stream tx alerts reload
$(foreach t,$(ips-detect.tests),$(eval $(call unit,ips-detect-$(t),tests/unit/ips-detect/test_$(t).c \
	tests/unit/ips-detect/rig.c,ips-detect)))
