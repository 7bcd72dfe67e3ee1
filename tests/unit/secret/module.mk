# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,secret,tests/unit/secret/test_secret.c,mg-secret))
