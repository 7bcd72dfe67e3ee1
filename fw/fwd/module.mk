$(eval $(call program,sekisho-fwd,fw/fwd,main.c daemon.c ipc.c apply.c persist.c counters.c drift.c \
	nflog.c packet.c fold.c spool.c conntrack.c,fw-nft fw-policy fw-registry sk,libnetfilter_conntrack,$(PREFIX)/sbin))
