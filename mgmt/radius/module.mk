# SPDX-License-Identifier: GPL-2.0-or-later
# What FreeRADIUS reads and writes, and requests to switches. The agent alone knows secrets.
$(eval $(call module,mg-radius,mgmt/radius,mac.c check.c db.c export.c crl.c record.c spool.c coa.c secrets.c sessions.c agent.c \
	agent_msg.c radius.c enforce.c,sk,sqlite3 gnutls jansson))
