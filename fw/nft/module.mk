$(eval $(call module,fw-nft,fw/nft,nft.c batch.c expr.c linearize.c sets.c nat.c builtin_rules.c dump.c \
	watch.c check.c text.c,fw-policy fw-registry sk,libnftnl libmnl))
