# SPDX-License-Identifier: GPL-2.0-or-later
policy_build := tests/unit/policy/build.c
$(eval $(call unit,policy-zone,tests/unit/policy/test_zone.c $(policy_build),fw-policy))
$(eval $(call unit,policy-document,tests/unit/policy/test_document.c $(policy_build),fw-policy))
$(eval $(call unit,policy-explain,tests/unit/policy/test_explain.c $(policy_build),fw-policy))
$(eval $(call unit,policy-analyze,tests/unit/policy/test_analyze.c $(policy_build),fw-policy))
