# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,cli,tests/unit/cli/test_cli.c,mg-cli mg-command sk))
