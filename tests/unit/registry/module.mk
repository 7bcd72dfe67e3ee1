# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,registry-addr,tests/unit/registry/test_addr.c,fw-registry sk))
$(eval $(call unit,registry-svc,tests/unit/registry/test_svc.c,fw-registry sk))
$(eval $(call unit,registry-object,tests/unit/registry/test_object.c,fw-registry sk))
$(eval $(call unit,registry-state,tests/unit/registry/test_state.c,fw-registry sk))
$(eval $(call unit,registry-rule,tests/unit/registry/test_rule.c,fw-registry sk))
$(eval $(call unit,registry-match,tests/unit/registry/test_match.c,fw-registry sk))
$(eval $(call unit,registry-json,tests/unit/registry/test_json.c,fw-registry sk))
$(eval $(call unit,registry-csv,tests/unit/registry/test_csv.c,fw-registry sk))
$(eval $(call unit,registry-csv-rules,tests/unit/registry/test_csv_rules.c,fw-registry sk))
$(eval $(call unit,registry-nomem,tests/unit/registry/test_nomem.c,fw-registry sk))

# The allocation-failure sweep counts and refuses every allocation of our own code.
$(B)/test-registry-nomem: private LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=reallocarray \
	-Wl,--wrap=strdup,--wrap=realloc,--wrap=tsearch
