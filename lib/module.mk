# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,sk,lib,err.c util.c utf8.c buf.c cursor.c table.c spool.c clock.c log.c file.c acl.c json.c blocklist.c blocklist_doc.c ipc_msg.c \
	ipc_client.c ipc_server.c oneshot.c oneshot_call.c sandbox.c,,jansson libsodium libsystemd libseccomp libcap-ng))
