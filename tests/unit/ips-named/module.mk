# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,ips-named,tests/unit/ips-named/test_named.c,ips-proto))
