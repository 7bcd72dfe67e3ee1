# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-cli,mgmt/cli,args.c suggest.c help.c man.c completion.c value.c render.c record.c table.c \
	csv.c pack.c secret.c restored.c save.c,mg-radius-secrets mg-gateway mg-command sk,jansson libsodium))
# Questions at a terminal: set-up and the console's menu.
$(eval $(call module,mg-wizard,mgmt/cli,wizard.c wizard_ports.c wizard_setup.c console.c person.c query.c,mg-box mg-ifaces mg-gateway mg-keys mg-command sk,jansson))
$(eval $(call program,sekisho,mgmt/cli,main.c,mg-cli mg-wizard mg-command sk,,$(PREFIX)/bin))
