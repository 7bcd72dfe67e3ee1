# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-engine,ips/engine,config.c worker.c verdict.c expect.c ring.c contacts.c listed.c listed_dns.c,ips-lists ips-detect \
	ips-rules ips-stream ips-flow ips-proto ips-packet ips-output sk,))
