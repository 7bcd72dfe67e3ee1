# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-cli,mgmt/cli,args.c suggest.c help.c man.c completion.c value.c render.c record.c table.c \
	csv.c pack.c secret.c restored.c,mg-command sk,jansson libsodium))
$(eval $(call program,sekisho,mgmt/cli,main.c,mg-cli mg-command sk,,$(PREFIX)/bin))
