# SPDX-License-Identifier: GPL-2.0-or-later
# The machine's own screen and keyboard. mg-screen is pure; main.c and fb.c have the descriptors.
$(eval $(call module,mg-screen,mgmt/screen,vt.c parse.c draw.c,sk,freetype2))
$(eval $(call module,mg-keys,mgmt/screen,keys.c,sk,))
$(eval $(call program,sekisho-screen,mgmt/screen,main.c fb.c,mg-screen sk,,$(PREFIX)/lib/sekisho))
