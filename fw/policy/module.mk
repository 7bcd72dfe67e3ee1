$(eval $(call module,fw-policy,fw/policy,zone.c policy.c policy_text.c builtin.c explain.c analyze.c \
	analyze_box.c,fw-registry sk,jansson))
