# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,ips-capture,tests/unit/ips-capture/test_capture.c,ips-capture))
