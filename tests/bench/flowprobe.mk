# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,flowprobe,tests/bench/flowprobe.c,sk))
