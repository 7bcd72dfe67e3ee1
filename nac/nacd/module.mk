# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,nac-nacd,nac/nacd,daemon.c session.c admit.c auth.c files.c gatesync.c apply.c events.c seen.c looks.c links.c \
	sensor.c rows.c ops.c caops.c page.c,nac-admission nac-dot1x nac-port nac-discover nac-ca sk,libmicrohttpd))
$(eval $(call program,sekisho-nacd,nac/nacd,main.c,nac-nacd,,$(PREFIX)/sbin))
