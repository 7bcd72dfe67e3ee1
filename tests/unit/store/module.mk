# SPDX-License-Identifier: GPL-2.0-or-later
store_fixture := tests/unit/store/fixture.c
$(eval $(call unit,store-rules,tests/unit/store/test_rules.c $(store_fixture),mg-store sk))
$(eval $(call unit,store-generations,tests/unit/store/test_generations.c $(store_fixture),mg-store sk))
$(eval $(call unit,store-audit,tests/unit/store/test_audit.c $(store_fixture),mg-store sk))
$(eval $(call unit,store-reviews,tests/unit/store/test_reviews.c $(store_fixture),mg-store sk))
store_handlers := tests/unit/store/fake_call.c $(store_fixture) $(addprefix mgmt/mgmtd/h_,common.c rule.c \
	rule_write.c import.c site.c change.c object.c account.c review.c audit.c)
$(eval $(call unit,store-handlers,tests/unit/store/test_handlers.c $(store_handlers),mg-store sk))
$(eval $(call unit,store-approval,tests/unit/store/test_approval.c $(store_handlers),mg-store sk))
$(eval $(call unit,store-exceptions,tests/unit/store/test_exceptions.c $(store_fixture),mg-store sk))
$(eval $(call unit,store-feeds,tests/unit/store/test_feeds.c $(store_fixture),mg-store sk))
$(eval $(call unit,store-devices,tests/unit/store/test_devices.c $(store_fixture),mg-store sk))
$(eval $(call unit,store-older,tests/unit/store/test_older.c $(store_fixture),mg-store sk))
