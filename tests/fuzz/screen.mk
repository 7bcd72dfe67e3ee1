# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,screen,tests/fuzz/screen.c,mg-screen))
