# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,command,tests/unit/command/test_command.c,mg-command sk))
