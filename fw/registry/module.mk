# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,fw-registry,fw/registry,addr.c addr_text.c text.c svc.c svc_parse.c svc_names.c \
	object.c resolve.c state.c rule.c rule_check.c rule_json.c match.c risk.c csv.c csv_columns.c \
	csv_rules.c csv_write.c,sk,jansson))
