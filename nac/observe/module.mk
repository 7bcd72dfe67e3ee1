# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,nac-observe,nac/observe,mac.c frame.c dhcp.c nd.c names.c link.c print.c watch.c learn.c bindings.c rogue.c \
	spare.c forge.c isolate.c oui.c,sk,))
