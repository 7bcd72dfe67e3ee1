// SPDX-License-Identifier: GPL-2.0-or-later
/* What transparent operation asks of a policy; see bridge.h. */
#include "fw/policy/bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

const char *fw_policy_bridge(const struct fw_policy *p)
{
	for (size_t i = 0; i < p->n_zones; i++)
		if (p->zones[i].bridge[0])
			return p->zones[i].bridge;
	return NULL;
}

bool fw_bridge_inwards(const struct fw_zone *from, const struct fw_zone *to)
{
	return from->bridge[0] && strcmp(from->bridge, to->bridge) == 0 &&
		from->kind == FW_ZONE_OUTSIDE && to->kind != FW_ZONE_OUTSIDE;
}

static int check_zone(
	const struct fw_policy *p, const struct fw_zone *z, const char *bridge, struct sk_err *err)
{
	if (strcmp(z->bridge, bridge) != 0)
		return sk_err_set(err, -EINVAL, "bridge",
			"all zones are on the bridge %s, or none: set bridge to it, or remove the "
			"zone",
			"すべてのゾーンを同じブリッジ %s に置くか、どれも置かないでください。"
			"bridge を合わせるか、ゾーンを削除してください",
			bridge);
	if (fw_zone_of_iface(p->zones, p->n_zones, bridge))
		return sk_err_set(err, -EINVAL, "bridge",
			"%s is an interface of a zone: only its ports are in zones",
			"%s はゾーンのインターフェースです。ゾーンに入るのはそのポートだけです",
			bridge);
	if (z->serve & FW_SERVE_DHCP)
		return sk_err_set(err, -EINVAL, "serve",
			"no dhcp in a network that is shared: the router beyond gives addresses",
			"共有するネットワークでは dhcp は使えません。アドレスは上位ルーターが配布"
			"します");
	return 0;
}

int fw_bridge_check(const struct fw_policy *p, struct sk_err *err)
{
	const char *bridge = fw_policy_bridge(p);

	if (!bridge)
		return 0;
	if (p->n_zones > FW_BRIDGE_ZONES_MAX)
		return sk_err_set(err, -E2BIG, "zones", "more than %d zones on a bridge",
			"ブリッジに置けるゾーンは%d個までです", FW_BRIDGE_ZONES_MAX);
	for (size_t i = 0; i < p->n_zones; i++) {
		int r = check_zone(p, &p->zones[i], bridge, err);

		if (r < 0) {
			sk_err_prefix(err, "zones[%zu]", i);
			return r;
		}
	}
	if (p->site.reverse_path)
		return sk_err_set(err, -EINVAL, "site.reverse_path",
			"no on a bridge: both sides are one network, whose addresses may be on "
			"either",
			"透過運用では no にしてください。両側が 1 つのネットワークのため、"
			"アドレスから届く側を決められません");
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct fw_rule *r = &p->rules[i].rec;

		if (r->kind != FW_DNAT && r->kind != FW_SNAT)
			continue;
		sk_err_set(err, -EINVAL, "kind",
			"no address is translated on a bridge: the router beyond does that",
			"透過運用ではアドレス変換 (NAT) "
			"はできません。上位ルーターで行ってください");
		sk_err_prefix(err, "rule[%" PRIu32 "]", r->number);
		return -EINVAL;
	}
	return 0;
}
