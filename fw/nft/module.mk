# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,fw-nft,fw/nft,nft.c apply.c batch.c block.c blocks.c bridge.c bridge_rules.c builtin_rules.c change.c check.c dynset.c expr.c gate.c gate_plan.c gate_put.c gate_read.c guard_rules.c inspect_rules.c layout.c linearize.c list.c list_rules.c \
	log_prefix.c nat.c plan.c queue.c rule.c sets.c snap.c snap_diff.c sock.c text.c watch.c,fw-gate fw-list fw-policy \
	fw-registry sk,libnftnl libmnl))
