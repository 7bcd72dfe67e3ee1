# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,blocklist,tests/fuzz/blocklist.c,sk))
$(eval $(call fuzzer,ipc,tests/fuzz/ipc.c,sk))
$(eval $(call fuzzer,json,tests/fuzz/json.c,sk))
$(eval $(call fuzzer,text,tests/fuzz/text.c,sk))
