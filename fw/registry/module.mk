$(eval $(call module,fw-registry,fw/registry,addr.c svc.c svc_names.c object.c state.c rule.c rule_json.c \
	match.c csv.c csv_rules.c,sk,jansson))
