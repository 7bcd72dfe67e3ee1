# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,ips-flow,tests/unit/ips-flow/test_flow.c,ips-flow))
