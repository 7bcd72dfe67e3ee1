# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,command,tests/fuzz/command.c,mg-cli mg-command sk))
