# SPDX-License-Identifier: GPL-2.0-or-later
# The handlers of the command table, one file an area, are all h_*.c.
$(eval $(call module,mg-mgmtd,mgmt/mgmtd,daemon.c dispatch.c access.c call.c heavy.c reader.c follow.c handlers.c \
	peer.c admission.c admitradius.c admitlearn.c inspect.c ipspolicy.c lists.c listfetch.c listjob.c listpush.c listwork.c \
	listseed.c listown.c listevents.c listlearn.c notifier.c switches.c generation.c ingest.c talk.c schedule.c services.c portwatch.c reconcile.c route.c \
	linediff.c why_registry.c oneshot.c backup.c update.c trial.c \
	$(notdir $(sort $(wildcard mgmt/mgmtd/h_*.c))),mg-store mg-backup mg-workflow mg-command mg-events \
	mg-report mg-contacts mg-geo mg-why mg-ruleset mg-lists mg-feeds mg-secret mg-notify mg-ifaces mg-joined mg-gateway mg-radius mg-devices mg-update nac-admission nac-observe fw-guard fw-policy fw-registry sk,))
$(eval $(call program,sekisho-mgmtd,mgmt/mgmtd,main.c,mg-mgmtd,,$(PREFIX)/sbin))
