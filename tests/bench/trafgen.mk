# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,trafgen,tests/bench/trafgen.c,,))
