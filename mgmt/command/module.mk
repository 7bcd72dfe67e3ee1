$(eval $(call module,mg-command,mgmt/command,command.c table_rule.c table_system.c,sk,jansson))
