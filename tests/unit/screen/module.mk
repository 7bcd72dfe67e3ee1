# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,screen,tests/unit/screen/test_screen.c,mg-screen mg-keys))
