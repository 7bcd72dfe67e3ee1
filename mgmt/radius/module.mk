# SPDX-License-Identifier: GPL-2.0-or-later
# What FreeRADIUS reads and writes, and requests to switches. The agent alone knows secrets.
# How the files of secrets and users read: also for who writes them.
$(eval $(call module,mg-radius-secrets,mgmt/radius,secrets.c users.c,sk,))
$(eval $(call module,mg-radius,mgmt/radius,mac.c check.c db.c export.c crl.c record.c spool.c coa.c sessions.c agent.c \
	agent_msg.c radius.c enforce.c,mg-radius-secrets sk,sqlite3 gnutls jansson))
