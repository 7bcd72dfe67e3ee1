# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,mg-alert,tests/fuzz/mg_alert.c,mg-events mg-notify))
