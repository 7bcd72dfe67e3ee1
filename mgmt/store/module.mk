$(eval $(call module,mg-store,mgmt/store,store.c schema.c settings.c txn.c audit.c accounts.c rules.c \
	changes.c reviews.c generations.c build.c,mg-workflow mg-command fw-policy fw-registry sk,sqlite3))
