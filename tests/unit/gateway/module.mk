# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,gateway,tests/unit/gateway/test_gateway.c,mg-joined fw-policy mg-gateway sk))
