# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-command,mgmt/command,command.c roles.c words.c table.c table_rule.c table_object.c \
	table_guard.c table_update.c table_blocklist.c table_device.c table_backup.c table_ips.c table_system.c \
	table_setup.c table_secret.c,sk,jansson))
