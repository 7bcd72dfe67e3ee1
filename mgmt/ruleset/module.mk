# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-ruleset,mgmt/ruleset,pack.c split.c,sk,zlib))
