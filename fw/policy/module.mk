$(eval $(call module,fw-policy,fw/policy,zone.c pool.c policy.c policy_text.c builtin.c explain.c \
	explain_text.c,fw-registry sk,jansson))
