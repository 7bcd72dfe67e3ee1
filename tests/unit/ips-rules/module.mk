# SPDX-License-Identifier: GPL-2.0-or-later
$(foreach t,language sets files options policy nomem,$(eval $(call unit,ips-rules-$(t),tests/unit/ips-rules/test_$(t).c \
	tests/unit/ips-rules/rig.c,ips-rules)))

# The allocation-failure sweep counts and refuses every allocation of our own code.
$(B)/test-ips-rules-nomem: private LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=reallocarray
