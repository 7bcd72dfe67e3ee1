// SPDX-License-Identifier: GPL-2.0-or-later
/* Does a set-up document make sense as a whole? Errors name the field and say what to do. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/command/command.h"
#include "mgmt/gateway/ports.h"
#include "mgmt/gateway/private.h"
#include "mgmt/workflow/workflow.h"

static int missing(const char *path, struct sk_err *err)
{
	return sk_err_set(err, -ENOENT, path, "is missing", "指定してください");
}

/* ---- ports ------------------------------------------------------------------------------------
 */
static int check_twice(const struct mg_gateway *g, size_t i, struct sk_err *err)
{
	const struct mg_gw_port *p = &g->ports[i], *q;
	char path[48];

	for (size_t k = 0; k < i; k++) {
		q = &g->ports[k];
		snprintf(path, sizeof(path), "ports[%zu].match", i);
		if ((p->mac[0] && strcmp(p->mac, q->mac) == 0) ||
			(p->name[0] && strcmp(p->name, q->name) == 0))
			return sk_err_set(err, -EEXIST, path, "this port is listed twice",
				"同じポートが重複しています");
		snprintf(path, sizeof(path), "ports[%zu].role", i);
		if (p->role == MG_GW_WAN && q->role == MG_GW_WAN)
			return sk_err_set(err, -EEXIST, path,
				"only one port can be wan: give this one another role",
				"wan にできるポートは 1 つだけです。別の役割を指定してください");
	}
	return 0;
}

int mg_gw_check_ports(const struct mg_gateway *g, struct sk_err *err)
{
	char path[48];

	for (size_t i = 0; i < g->n_ports; i++) {
		const enum mg_gw_role role = g->ports[i].role;
		int r = check_twice(g, i, err);

		if (r < 0)
			return r;
		snprintf(path, sizeof(path), "ports[%zu].role", i);
		if (!g->nets[role].present)
			return sk_err_set(err, -ENOENT, path,
				"there is no network with the role %s: describe it in networks",
				"役割 %s のネットワークがありません。networks に追加してください",
				mg_gw_role_name(role));
	}
	if (mg_gateway_ports(g, MG_GW_WAN) == 0)
		return sk_err_set(err, -ENOENT, "ports", "no port has the role wan",
			"役割 wan のポートがありません");
	if (g->n_ports < 2)
		return sk_err_set(err, -ENOENT, "ports",
			"at least one port for the inside is needed, such as lan",
			"lan など、社内側のポートが少なくとも 1 つ必要です");
	for (int i = 0; i < MG_GW_ROLES; i++)
		if (g->nets[i].present && mg_gateway_ports(g, (enum mg_gw_role)i) == 0)
			return sk_err_set(err, -ENOENT, "ports",
				"no port has the role %s, but there is a network for it",
				"ネットワーク %s に対応するポートがありません",
				mg_gw_role_name((enum mg_gw_role)i));
	return 0;
}

/* ---- addresses --------------------------------------------------------------------------------
 */
static uint32_t v4(const struct mg_gw_ip *ip)
{
	uint32_t n;

	memcpy(&n, ip->b, sizeof(n));
	return ntohl(n);
}

/* An address that a host may have: not the network's own, nor the broadcast address. */
static bool host_address(const struct mg_gw_ip *ip)
{
	const uint32_t low = ip->family == AF_INET && ip->prefix < 31 ? ~0u >> ip->prefix : 0;

	if (ip->family == AF_INET6)
		return ip->b[0] != 0xff;
	return !(low && ((v4(ip) & low) == 0 || (v4(ip) & low) == low)) && v4(ip) >> 24 != 127 &&
		v4(ip) >> 28 < 14 && v4(ip) >> 24 != 0;
}

static int check_static(const struct mg_gw_family *f, bool gateway, struct sk_err *err)
{
	if (f->method != MG_GW_STATIC) {
		if (f->address.family)
			return sk_err_set(err, -EINVAL, "address", "only with the method static",
				"method が static の場合だけです");
		return f->gateway.family
			? sk_err_set(err, -EINVAL, "gateway", "only with the method static",
				  "method が static の場合だけです")
			: 0;
	}
	if (!f->address.family)
		return missing("address", err);
	if (!host_address(&f->address))
		return sk_err_set(err, -EINVAL, "address",
			"is the network's or the broadcast address: take one between",
			"ネットワークアドレスまたはブロードキャストアドレスです。その間のアドレス"
			"を指定してください");
	if (!gateway)
		return f->gateway.family
			? sk_err_set(err, -EINVAL, "gateway", "belongs to wan only",
				  "指定できるのは wan だけです")
			: 0;
	if (!f->gateway.family)
		return missing("gateway", err);
	if (f->gateway.family == AF_INET6 && f->gateway.b[0] == 0xfe &&
		(f->gateway.b[1] & 0xc0) == 0x80)
		return 0;
	if (!mg_gw_ip_inside(&f->address, &f->gateway) ||
		memcmp(f->address.b, f->gateway.b, sizeof(f->gateway.b)) == 0)
		return sk_err_set(err, -EINVAL, "gateway",
			"must be another address of the same network as address",
			"address と同じネットワークの別のアドレスを指定してください");
	return 0;
}

static int check_family(const struct mg_gw_net *n, bool six, bool gateway, struct sk_err *err)
{
	int r = check_static(six ? &n->ip6 : &n->ip4, gateway, err);

	if (r < 0)
		sk_err_prefix(err, six ? "ipv6" : "ipv4");
	return r;
}

/* Transparent operation: what the line does is the router's affair. */
static int check_shared_wan(const struct mg_gw_net *n, struct sk_err *err)
{
	if (n->ip4.method == MG_GW_PPPOE)
		return sk_err_set(err, -EINVAL, "ipv4.method",
			"the router beyond keeps the line in transparent operation: static or "
			"dhcp, "
			"for the gateway's own address in its network",
			"透過運用では PPPoE は上位ルーターが行います。本装置自身のアドレスを "
			"static "
			"か dhcp で指定してください");
	if (n->delegation)
		return sk_err_set(err, -EINVAL, "ipv6.prefix_delegation",
			"not in transparent operation: the router beyond gives the prefix to all",
			"透過運用では使えません。プレフィックスは上位ルーターが配布します");
	return 0;
}

static int check_wan(const struct mg_gateway *g, struct sk_err *err)
{
	const struct mg_gw_net *n = &g->nets[MG_GW_WAN];
	int r = check_family(n, false, true, err);

	if (r == 0)
		r = check_family(n, true, true, err);
	if (r < 0)
		return r;
	if (n->ip4.method == MG_GW_NONE && n->ip6.method == MG_GW_NONE)
		return sk_err_set(err, -EINVAL, "ipv4.method",
			"the line has neither IPv4 nor IPv6: choose a method",
			"IPv4 と IPv6 のどちらも none です。どちらかの方式を選んでください");
	if (n->ip4.method == MG_GW_PPPOE && !n->pppoe_user[0])
		return missing("pppoe.user", err);
	if (n->delegation && n->ip6.method != MG_GW_AUTO && n->ip6.method != MG_GW_DHCP)
		return sk_err_set(err, -EINVAL, "ipv6.prefix_delegation",
			"only with the method auto or dhcp",
			"method が auto か dhcp の場合だけ指定できます");
	return g->transparent ? check_shared_wan(n, err) : 0;
}

/* ---- DHCP -------------------------------------------------------------------------------------
 */
static int check_reserved(
	const struct mg_gw_net *n, const struct mg_gw_ip *net, size_t i, struct sk_err *err)
{
	const struct mg_gw_reserved *a = &n->reserved[i];

	if (!mg_gw_ip_inside(net, &a->address) || v4(net) == v4(&a->address))
		return sk_err_set(err, -EINVAL, "address",
			"must be another address of the gateway's network",
			"本装置と同じネットワークの別のアドレスを指定してください");
	for (size_t k = 0; k < i; k++) {
		if (strcmp(a->mac, n->reserved[k].mac) == 0)
			return sk_err_set(err, -EEXIST, "mac", "%s is there twice",
				"%s が重複しています", a->mac);
		if (v4(&a->address) == v4(&n->reserved[k].address))
			return sk_err_set(err, -EEXIST, "address", "is there twice",
				"アドレスが重複しています");
	}
	return 0;
}

static int check_range(const struct mg_gw_net *n, const struct mg_gw_ip *net, struct sk_err *err)
{
	if (!n->from.family)
		return missing("from", err);
	if (!n->to.family)
		return missing("to", err);
	if (!mg_gw_ip_inside(net, &n->from))
		return sk_err_set(err, -EINVAL, "from", "lies outside the network",
			"ネットワークの範囲外です");
	if (!mg_gw_ip_inside(net, &n->to) || v4(&n->to) < v4(&n->from))
		return sk_err_set(err, -EINVAL, "to", "lies outside the network, or before from",
			"ネットワークの範囲外、または from より前です");
	if (v4(net) >= v4(&n->from) && v4(net) <= v4(&n->to))
		return sk_err_set(err, -EINVAL, "from",
			"the range contains the gateway's own address",
			"範囲に本装置自身のアドレスが含まれています");
	return 0;
}

static int check_dhcp(const struct mg_gateway *g, const struct mg_gw_net *n, struct sk_err *err)
{
	const struct mg_gw_ip *net = &n->ip4.address;
	int r;

	if (!n->dhcp)
		return 0;
	if (g->transparent)
		return sk_err_set(err, -EINVAL, NULL,
			"not in transparent operation: the router beyond gives addresses, and its "
			"answers pass",
			"透過運用では使えません。アドレスは上位ルーターが配布し、その通信は本装置を"
			"通"
			"ります");
	if (!net->family)
		return sk_err_set(err, -EINVAL, NULL,
			"needs a static IPv4 address of the gateway in this network",
			"このネットワークに本装置の固定 IPv4 アドレスが必要です");
	if (n->relay.family)
		return n->from.family || n->to.family || n->n_reserved
			? sk_err_set(err, -EINVAL, "relay",
				  "either relay, or from, to and reservations",
				  "relay と from・to・reservations は同時に指定できません")
			: 0;
	r = check_range(n, net, err);
	for (size_t i = 0; r == 0 && i < n->n_reserved; i++) {
		r = check_reserved(n, net, i, err);
		if (r < 0)
			sk_err_prefix(err, "reservations[%zu]", i);
	}
	return r;
}

/* ---- inside -----------------------------------------------------------------------------------
 */
static bool overlap(const struct mg_gw_ip *a, const struct mg_gw_ip *b)
{
	return a->family && b->family && (mg_gw_ip_inside(a, b) || mg_gw_ip_inside(b, a));
}

static int check_apart(const struct mg_gateway *g, int i, struct sk_err *err)
{
	const struct mg_gw_net *n = &g->nets[i];

	for (int k = 0; k < i; k++) {
		const struct mg_gw_net *o = &g->nets[k];
		const bool six = overlap(&n->ip6.address, &o->ip6.address);

		if (o->present && (six || overlap(&n->ip4.address, &o->ip4.address)))
			return sk_err_set(err, -EEXIST, six ? "ipv6.address" : "ipv4.address",
				"overlaps with the network of %s",
				"%s のネットワークと重なっています",
				mg_gw_role_name((enum mg_gw_role)k));
		if (o->present && n->ip6.method == MG_GW_DELEGATED &&
			o->ip6.method == MG_GW_DELEGATED && n->subnet == o->subnet)
			return sk_err_set(err, -EEXIST, "ipv6.subnet",
				"is taken by %s: give each network its own number",
				"%s が使用中です。ネットワークごとに別の番号を指定してください",
				mg_gw_role_name((enum mg_gw_role)k));
	}
	return 0;
}

static int check_inside(const struct mg_gateway *g, int i, struct sk_err *err)
{
	const struct mg_gw_net *n = &g->nets[i];
	const bool shared = mg_gateway_shared(g, (enum mg_gw_role)i);
	int r = check_family(n, false, false, err);

	if (r == 0)
		r = check_family(n, true, false, err);
	if (r < 0)
		return r;
	if (g->transparent && !shared)
		return sk_err_set(err, -EINVAL, "role",
			"only wan and lan in transparent operation: give its ports one of these "
			"roles, or none",
			"透過運用で使えるのは wan と lan "
			"だけです。ポートの役割をどちらかに変えるか、"
			"ポートを外してください");
	if (shared && (n->ip4.method != MG_GW_NONE || n->ip6.method != MG_GW_NONE))
		return sk_err_set(err, -EINVAL,
			n->ip4.method != MG_GW_NONE ? "ipv4.method" : "ipv6.method",
			"none: in transparent operation lan shares the network of wan",
			"透過運用では lan は wan とネットワークを共有します。none "
			"を指定してください");
	if (!shared && n->ip4.method == MG_GW_NONE && n->ip6.method == MG_GW_NONE)
		return sk_err_set(err, -EINVAL, "ipv4.method",
			"the network has neither IPv4 nor IPv6: choose a method",
			"IPv4 と IPv6 のどちらも none です。どちらかの方式を選んでください");
	if (n->ip6.method == MG_GW_DELEGATED && !g->nets[MG_GW_WAN].delegation)
		return sk_err_set(err, -EINVAL, "ipv6.method",
			"delegated needs prefix_delegation at wan",
			"delegated には wan の prefix_delegation が必要です");
	if ((r = check_apart(g, i, err)) < 0)
		return r;
	r = check_dhcp(g, n, err);
	if (r < 0)
		sk_err_prefix(err, "dhcp");
	return r;
}

int mg_gateway_check_name(const char *name, struct sk_err *err)
{
	if (!mg_wf_account_name(name) || strlen(name) > 31)
		return sk_err_set(err, -EINVAL, "name",
			"small letters and digits, beginning with a letter",
			"英小文字で始まる、英小文字と数字の名前にしてください");
	return 0;
}

int mg_gateway_check_display(const char *display, struct sk_err *err)
{
	if (strpbrk(display, ":,\\"))
		return sk_err_set(err, -EINVAL, "display", "must not contain : , or \\",
			"「:」「,」「\\」は使えません");
	return mg_wf_text("display", display, strlen(display), false, err);
}

static int check_people(const struct mg_gateway *g, struct sk_err *err)
{
	for (size_t i = 0; i < g->n_people; i++) {
		const struct mg_gw_person *p = &g->people[i];
		char path[48];
		int r = mg_gateway_check_name(p->name, err);

		if (r < 0) {
			sk_err_prefix(err, "people[%zu]", i);
			return r;
		}
		snprintf(path, sizeof(path), "people[%zu].name", i);
		for (size_t k = 0; k < i; k++)
			if (strcmp(p->name, g->people[k].name) == 0)
				return sk_err_set(
					err, -EEXIST, path, "is there twice", "重複しています");
	}
	return 0;
}

int mg_gw_check(const struct mg_gateway *g, struct sk_err *err)
{
	int r = mg_gw_check_ports(g, err);

	for (int i = 0; r == 0 && i < MG_GW_ROLES; i++) {
		if (!g->nets[i].present)
			continue;
		r = i == MG_GW_WAN ? check_wan(g, err) : check_inside(g, i, err);
		if (r < 0)
			sk_err_prefix(err, "networks[%s]", mg_gw_role_name((enum mg_gw_role)i));
	}
	if (r == 0 && g->transparent && !g->nets[MG_GW_LAN].present)
		r = sk_err_set(err, -ENOENT, "networks", "transparent operation needs lan",
			"透過運用には lan が必要です");
	return r == 0 ? check_people(g, err) : r;
}

int mg_gateway_check_first(const struct mg_gateway *g, struct sk_err *err)
{
	size_t admins = 0, approvers = 0, both = 0;

	for (size_t i = 0; i < g->n_people; i++) {
		const struct mg_gw_person *p = &g->people[i];
		char path[48];

		snprintf(path, sizeof(path), "people[%zu].password", i);
		if (!p->password[0])
			return missing(path, err);
		admins += (p->roles & MG_ADMIN) != 0;
		approvers += (p->roles & MG_APPROVER) != 0;
		both += (p->roles & MG_ADMIN) && (p->roles & MG_APPROVER);
	}
	if (!admins || !approvers)
		return sk_err_set(err, -ENOENT, "people",
			"an administrator and an approver are needed",
			"管理者 (admin) と承認者 (approver) が必要です");
	if (admins == both && approvers == both && both < 2)
		return sk_err_set(err, -EINVAL, "people",
			"the administrator and the approver must be two people",
			"管理者と承認者は別の人にしてください");
	if (g->nets[MG_GW_WAN].ip4.method == MG_GW_PPPOE && !g->nets[MG_GW_WAN].pppoe_password[0])
		return missing("networks[wan].pppoe.password", err);
	return 0;
}

json_t *mg_gateway_settings(const json_t *doc, const struct mg_gateway *g)
{
	json_t *v = json_deep_copy(doc), *ports = json_object_get(v, "ports"), *nets;

	if (!v)
		return NULL;
	json_object_del(v, "people");
	json_object_del(v, "first_rules");
	for (size_t i = 0; i < g->n_ports; i++) {
		json_t *match = json_object_get(json_array_get(ports, i), "match");

		json_object_set_new(match, "name", json_string(g->ports[i].name));
		if (g->ports[i].mac[0])
			json_object_set_new(match, "mac", json_string(g->ports[i].mac));
	}
	nets = json_object_get(v, "networks");
	for (size_t i = 0; i < json_array_size(nets); i++)
		json_object_del(json_object_get(json_array_get(nets, i), "pppoe"), "password");
	return v;
}
