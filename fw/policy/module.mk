# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,fw-policy,fw/policy,zone.c inspect.c guard.c pool.c policy.c policy_text.c builtin.c bridge.c explain.c \
	explain_text.c analyze.c analyze_set.c analyze_space.c analyze_box.c analyze_group.c analyze_merge.c \
	analyze_text.c,fw-registry sk,jansson))
