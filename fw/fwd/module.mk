# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,fw-fwd,fw/fwd,daemon.c apply.c drift.c report.c seal.c ipc.c ops.c persist.c counters.c \
	conntrack.c cut.c nflog.c ifaces.c event.c fold.c gate.c gate_log.c gate_ops.c gate_see.c bridge.c transparent.c guard.c guard_see.c packet.c contacts.c contacts_watch.c own.c list.c list_disk.c list_ops.c learn.c,fw-nft fw-gate fw-guard fw-list fw-policy fw-registry sk,\
	libnetfilter_conntrack libmnl))
$(eval $(call program,sekisho-fwd,fw/fwd,main.c,fw-fwd,,$(PREFIX)/sbin))
