/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of built-in records: number, name, purpose, and the nine fields in words under a
 * policy. fw/nft gives them their kernel form, fw_explain decides by them; the three are tested
 * against each other.
 */
#include "fw/policy/builtin.h"

#include <stdio.h>
#include <string.h>

#include "fw/policy/bridge.h"
#include "lib/util.h"

/* Which zones a built-in speaks about. */
enum where {
	W_ALL,        /* every direction */
	W_GATEWAY,    /* to and from the gateway, from all zones */
	W_ZONES_BOTH, /* between the gateway and the zones that open it */
	W_ZONES_IN,   /* those zones to the gateway */
	W_ZONES_OUT,  /* the gateway to those zones */
	W_ZONES_FROM, /* those zones to anywhere */
	W_LOOPBACK,
	W_FORWARD, /* between zones, none of them the gateway */
	W_TO_GATEWAY,
	W_BRIDGE,      /* between the zones of the bridge */
	W_BRIDGE_IN,   /* from its outside zones to the others */
	W_BRIDGE_ZONE, /* within each of its zones */
};

static const struct row {
	enum fw_builtin_id id;
	const char *name;
	bool allow;
	enum where where;
	struct sk_text purpose;
	const char *source, *destination, *protocol, *port;
} table[] = {
	{FW_B_ESTABLISHED, "established", true, W_ALL,
		{"Packets of connections that a record has allowed, in both directions.",
			"許可ルールで許可された通信の、後続の通信と応答を通します。"},
		"any", "any", "any", "any"},
	{FW_B_RELATED_ICMP, "related-icmp", true, W_ALL,
		{"ICMP errors about an allowed connection, such as \"unreachable\" and \"packet "
		 "too big\".",
			"許可された通信についてのエラー通知 (到達不能、パケット過大など) "
			"を通します。"},
		"any", "any", "icmp, icmpv6", "error types"},
	{FW_B_INVALID, "invalid", false, W_ALL,
		{"Stops packets that belong to no connection and cannot start one.",
			"どの通信にも属さない不正な形のパケットを遮断します。"},
		"any", "any", "any", "any"},
	{FW_B_LOOPBACK, "loopback", true, W_LOOPBACK,
		{"The gateway's own programs talk to each other.",
			"本装置の内部のプログラム同士の通信を通します。"},
		"gateway", "gateway", "any", "any"},
	{FW_B_ND, "neighbour-discovery", true, W_GATEWAY,
		{"IPv6 neighbours find each other's hardware address; never from beyond the link.",
			"IPv6で同じネットワーク内の機器が互いを見つけるための通信を通します。"},
		"the same link", "the same link", "icmpv6", "133,135,136"},
	{FW_B_MLD, "multicast-listener", true, W_GATEWAY,
		{"IPv6 multicast membership on the link, needed by neighbour discovery.",
			"IPv6で同じネットワーク内のマルチキャストの参加を管理する通信を通します。"},
		"fe80::/10", "the same link", "icmpv6", "130,131,132,143"},
	{FW_B_RA_CLIENT, "router-advertisement", true, W_ZONES_IN,
		{"The gateway learns its IPv6 address and route from the provider's router.",
			"回線側のルーターから本装置のIPv6アドレスと経路を受け取ります。"},
		"fe80::/10", "gateway", "icmpv6", "134"},
	{FW_B_DHCP_CLIENT, "dhcp-client", true, W_ZONES_BOTH,
		{"The gateway gets its own address by DHCP or DHCPv6.",
			"本装置のIPアドレスをDHCP/DHCPv6で取得します。"},
		"gateway and DHCP server", "DHCP server and gateway", "udp", "67,68,546,547"},
	{FW_B_MANAGE, "manage", true, W_ZONES_IN,
		{"Administration of the gateway, from the zones chosen for it.",
			"指定したゾーンから本装置を管理するための通信を通します。"},
		"any", "gateway", "tcp", NULL},
	{FW_B_PING, "ping", true, W_ZONES_IN,
		{"The gateway answers a connectivity test (ping) from the zones chosen for it.",
			"指定したゾーンからの疎通確認 (ping) に本装置が応答します。"},
		"any", "gateway", "icmp, icmpv6", "echo-request"},
	{FW_B_REVERSE_PATH, "reverse-path", false, W_ALL,
		{"Stops packets whose source address cannot come from where they arrived "
		 "(spoofing).",
			"届いた側にあるはずのない接続元IPアドレスの通信 (なりすまし) "
			"を遮断します。"},
		"not routed to where it arrives from", "any", "any", "any"},
	{FW_B_BOGONS, "bogons", false, W_ZONES_FROM,
		{"Stops packets from addresses that cannot exist on the internet.",
			"インターネット上に存在しないはずの接続元IPアドレスからの通信を遮断します"
			"。"},
		"reserved addresses", "any", "any", "any"},
	{FW_B_DEFAULT_DENY, "default-deny", false, W_ALL,
		{"Stops everything that no record allows, in every direction.",
			"許可ルールのない通信を、どの方向でもすべて遮断します。"},
		"any", "any", "any", "any"},
	{FW_B_INSPECT, "inspection", true, W_FORWARD,
		{"The contents of what the rules allow through the gateway are inspected, and "
		 "names asked of it and by it.",
			"許可ルールで許可された、本装置を通る通信の内容と、"
			"本装置への、および本装置からの名前解決 (DNS) を検査します。"},
		"any", "any", "any", "any"},
	{FW_B_INSPECTED, "inspected", true, W_FORWARD,
		{"Connections that inspection has seen enough of go on without it.",
			"検査を終えた通信の、後続の通信を検査せずに通します。"},
		"any", "any", "any", "any"},
	{FW_B_INSPECT_DROP, "inspection-drop", false, W_FORWARD,
		{"Stops connections in which inspection found an attack.",
			"検査で攻撃が見つかった通信の、後続の通信を遮断します。"},
		"any", "any", "any", "any"},
	{FW_B_GUARD, "guard", false, W_ALL,
		{"Stops sources that scanned, flooded or guessed passwords, for a time.",
			"スキャン、大量送信、パスワードの総当たりを行った接続元を一定時間遮断しま"
			"す。"},
		"blocked sources", "any", "any", "any"},
	{FW_B_FLOOD, "rate-limit", false, W_ALL,
		{"Stops what a source sends, or a destination is sent, beyond the permitted rate.",
			"1つの接続元から、または1つの接続先へ、許容量を超えて届く通信を遮断します"
			"。"},
		"any", "any", "tcp, udp, icmp, icmpv6", "any"},
	{FW_B_BLOCKLIST, "blocklist", false, W_ALL,
		{"Stops traffic between our side and addresses that the blocklists list, in either "
		 "direction.",
			"不正サイト一覧にあるアドレスとの通信を、どちら向きでも遮断します。"},
		"any, listed addresses", "listed addresses, any", "any", "any"},
	{FW_B_BLOCKLIST_MONITOR, "blocklist-monitor", true, W_ALL,
		{"Reports connections with addresses of blocklists that are only monitored.",
			"監視のみの不正サイト一覧にあるアドレスとの通信を記録します "
			"(遮断しません)。"},
		"any, listed addresses", "listed addresses, any", "any", "any"},
	{FW_B_PAGE, "notice-page", true, W_TO_GATEWAY,
		{"A quarantined device reads on the gateway why it is kept out.",
			"隔離された機器に、接続できない理由を本装置のページで案内します。"},
		"quarantined devices", "gateway", "tcp", "80"},
	{FW_B_SERVE_DHCP, "serve-dhcp", true, W_ZONES_BOTH,
		{"The gateway gives devices their addresses (DHCP, DHCPv6, router advertisements) "
		 "and asks before whether an address is free.",
			"本装置が機器にIPアドレスを配布します (DHCP/DHCPv6/"
			"ルーター広告。配布前の重複確認を含む)。"},
		"devices and gateway", "gateway and devices", "udp, icmp, icmpv6",
		"67,68,546,547, echo-request, 134"},
	{FW_B_SERVE_DNS, "serve-dns", true, W_ZONES_IN,
		{"Devices ask the gateway for names (DNS).",
			"機器が本装置に名前解決 (DNS) を問い合わせます。"},
		"any", "gateway", "udp, tcp", "53"},
	{FW_B_SERVE_NTP, "serve-ntp", true, W_ZONES_IN,
		{"Devices set their clocks by the gateway (NTP).",
			"機器が本装置の時刻に合わせます (NTP)。"},
		"any", "gateway", "udp", "123"},
	{FW_B_USE_DNS, "use-dns", true, W_ZONES_OUT,
		{"The gateway's own resolver asks name servers.",
			"本装置の名前解決 (DNS) の問い合わせを通します。"},
		"gateway", "any", "udp, tcp", "53"},
	{FW_B_USE_NTP, "use-ntp", true, W_ZONES_OUT,
		{"The gateway sets its own clock by time servers.",
			"本装置の時刻合わせ (NTP) の通信を通します。"},
		"gateway", "any", "udp", "123"},
	{FW_B_USE_HTTPS, "use-https", true, W_ZONES_OUT,
		{"The gateway fetches updates, rules and blocklists.",
			"本装置の更新、検知ルール、不正サイト一覧の取得を通します。"},
		"gateway", "any", "tcp", "443"},
	{FW_B_USE_DHCPV6, "use-dhcpv6", true, W_ZONES_BOTH,
		{"The gateway gets its IPv6 prefix from the provider by DHCPv6.",
			"本装置のIPv6プレフィックスを回線事業者からDHCPv6で取得します。"},
		"gateway and DHCPv6 server", "DHCPv6 server and gateway", "udp", "546,547"},
	{FW_B_MSS, "segment-size", true, W_FORWARD,
		{"TCP connections through the gateway agree on segments that fit the line (PPPoE, "
		 "tunnels). It lets nothing pass by itself.",
			"本装置を通るTCP通信のセグメント長 (MSS) を、回線のMTU (PPPoEなど) "
			"に収まる値にします。これ自体は何も許可しません。"},
		"any", "any", "tcp", "any"},
	{FW_B_BRIDGE_ND, "bridge-neighbours", true, W_BRIDGE,
		{"IPv6 neighbours on both sides of the transparent gateway find each other.",
			"透過運用で、本装置の両側の機器がIPv6で互いを見つけるための通信を通します"
			"。"},
		"the same link", "the same link", "icmpv6", "133,135,136"},
	{FW_B_BRIDGE_RA, "bridge-router", true, W_BRIDGE_IN,
		{"Devices learn their IPv6 addresses and route from the router beyond the "
		 "transparent gateway.",
			"透過運用で、上位ルーターのIPv6ルーター広告を社内側へ通します。"},
		"fe80::/10", "any", "icmpv6", "134"},
	{FW_B_BRIDGE_MLD, "bridge-multicast", true, W_BRIDGE,
		{"IPv6 multicast membership across the transparent gateway, needed by neighbour "
		 "discovery.",
			"透過運用で、IPv6のマルチキャストの参加を管理する通信を両側の間で通します"
			"。"},
		"fe80::/10", "the same link", "icmpv6", "130,131,132,143"},
	{FW_B_BRIDGE_DHCP, "bridge-dhcp", true, W_BRIDGE,
		{"Devices get their addresses from the DHCP server beyond the transparent gateway.",
			"透過運用で、上位側のDHCPサーバーから機器がIPアドレスを受け取る通信を通しま"
			"す。"},
		"devices and DHCP server", "DHCP server and devices", "udp", "67,68,546,547"},
	{FW_B_BRIDGE_ZONE, "bridge-zone", true, W_BRIDGE_ZONE,
		{"Ports of one zone of the transparent gateway are switched, as by any switch.",
			"透過運用で、同じゾーンのポート同士の通信を、スイッチと同様に通します。"},
		"any", "any", "any", "any"},
	{FW_B_BRIDGE_OTHER, "bridge-other", false, W_BRIDGE,
		{"Stops frames across the transparent gateway that hold neither IPv4, IPv6 nor ARP "
		 "(VLAN tags, PPPoE, STP).",
			"透過運用で、IPv4・IPv6・ARP以外のフレーム (VLANタグ、PPPoE、STPなど) を"
			"遮断します。"},
		"any", "any", "other than IPv4, IPv6, ARP", "any"},
};

/* Append to a fixed text; what does not fit ends in "…". */
static void add_text(char *dst, size_t cap, const char *s)
{
	static const char more[] = "…";
	size_t len = strlen(dst), n = strlen(s);

	if (len >= sizeof(more) - 1 && strcmp(dst + len - (sizeof(more) - 1), more) == 0)
		return;
	if (len + n + sizeof(more) > cap)
		s = more;
	memcpy(dst + len, s, strlen(s) + 1);
}

bool fw_builtin_opens(enum fw_builtin_id id, const struct fw_zone *z)
{
	switch (id) {
	case FW_B_RA_CLIENT: return z->dhcp_client || z->use & FW_USE_DHCPV6;
	case FW_B_DHCP_CLIENT: return z->dhcp_client;
	case FW_B_MANAGE: return z->manage;
	case FW_B_PING: return z->ping;
	case FW_B_BOGONS: return z->bogons;
	case FW_B_SERVE_DHCP: return z->serve & FW_SERVE_DHCP;
	case FW_B_SERVE_DNS: return z->serve & FW_SERVE_DNS;
	case FW_B_SERVE_NTP: return z->serve & FW_SERVE_NTP;
	case FW_B_USE_DNS: return z->use & FW_USE_DNS;
	case FW_B_USE_NTP: return z->use & FW_USE_NTP;
	case FW_B_USE_HTTPS: return z->use & FW_USE_HTTPS;
	case FW_B_USE_DHCPV6: return z->use & FW_USE_DHCPV6;
	default: return false;
	}
}

static bool across(enum where w, const struct fw_zone *a, const struct fw_zone *b)
{
	if (!a->bridge[0] || strcmp(a->bridge, b->bridge) != 0)
		return false;
	if (w == W_BRIDGE_ZONE)
		return a == b && a->n_ifaces > 1;
	return a != b && (w == W_BRIDGE || fw_bridge_inwards(a, b));
}

static bool put_bridge(const struct fw_policy *p, enum where w, char *dst, size_t cap)
{
	bool some = false;

	for (size_t i = 0; i < p->n_zones * p->n_zones; i++) {
		const struct fw_zone *a = &p->zones[i / p->n_zones], *b = &p->zones[i % p->n_zones];
		char one[2 * FW_ZONE_NAME_MAX + 8];

		if (!across(w, a, b))
			continue;
		snprintf(one, sizeof(one), "%s%s->%s", some ? ", " : "", a->name, b->name);
		add_text(dst, cap, one);
		some = true;
	}
	return some;
}

/* "lan->gateway, mgmt->gateway"; false if no zone takes part. */
static bool put_direction(const struct fw_policy *p, const struct row *row, char *dst, size_t cap)
{
	const enum where w = row->where;
	bool some = false;

	dst[0] = '\0';
	if (w == W_TO_GATEWAY) {
		add_text(dst, cap, "any->gateway");
		return true;
	}
	if (w == W_BRIDGE || w == W_BRIDGE_IN || w == W_BRIDGE_ZONE)
		return put_bridge(p, w, dst, cap);
	if (w == W_ALL || w == W_GATEWAY || w == W_LOOPBACK || w == W_FORWARD) {
		add_text(dst, cap,
			w == W_ALL || w == W_FORWARD ? "any->any"
				: w == W_GATEWAY     ? "any->gateway, gateway->any"
						     : "gateway->gateway");
		return true;
	}
	for (size_t i = 0; i < p->n_zones; i++) {
		char one[2 * FW_ZONE_NAME_MAX + 48];
		const char *name = p->zones[i].name;

		if (!fw_builtin_opens(row->id, &p->zones[i]))
			continue;
		if (w == W_ZONES_BOTH)
			snprintf(one, sizeof(one), "%s%s->gateway, gateway->%s", some ? ", " : "",
				name, name);
		else if (w == W_ZONES_OUT)
			snprintf(one, sizeof(one), "%sgateway->%s", some ? ", " : "", name);
		else
			snprintf(one, sizeof(one), "%s%s->%s", some ? ", " : "", name,
				w == W_ZONES_FROM ? "any" : "gateway");
		add_text(dst, cap, one);
		some = true;
	}
	return some;
}

static void put_manage_ports(const struct fw_site *s, char *dst, size_t cap)
{
	for (size_t i = 0; i < s->n_manage_ports && i < SK_ARRAY_SIZE(s->manage_ports); i++) {
		char one[8];

		snprintf(one, sizeof(one), "%s%u", i ? "," : "", s->manage_ports[i]);
		add_text(dst, cap, one);
	}
}

bool fw_builtin_get(const struct fw_policy *p, size_t n, struct fw_builtin *ret)
{
	const struct row *row;
	struct fw_builtin b;

	if (n >= SK_ARRAY_SIZE(table) || table[n].id > fw_builtin_last(p))
		return false;
	row = &table[n];
	b = (struct fw_builtin){
		.id = row->id, .name = row->name, .purpose = row->purpose, .allow = row->allow};
	b.enabled = put_direction(p, row, b.direction, sizeof(b.direction));
	add_text(b.source, sizeof(b.source), row->source);
	add_text(b.destination, sizeof(b.destination), row->destination);
	add_text(b.protocol, sizeof(b.protocol), row->protocol);
	if (row->port)
		add_text(b.port, sizeof(b.port), row->port);
	if (row->id == FW_B_MANAGE) {
		put_manage_ports(&p->site, b.port, sizeof(b.port));
		b.enabled = b.enabled && p->site.n_manage_ports > 0;
	}
	if (row->id == FW_B_INSPECT)
		b.enabled = p->inspect.on;
	if (row->id == FW_B_GUARD || row->id == FW_B_FLOOD)
		b.enabled = p->guard.enabled;
	if (row->id == FW_B_BLOCKLIST || row->id == FW_B_BLOCKLIST_MONITOR)
		b.enabled = p->blocklist;
	if (row->id == FW_B_REVERSE_PATH)
		b.enabled = p->site.reverse_path;
	*ret = b;
	return true;
}

enum fw_builtin_id fw_builtin_last(const struct fw_policy *p)
{
	return fw_policy_bridge(p) ? FW_B_LAST : FW_B_MSS;
}

const char *fw_builtin_name(enum fw_builtin_id id)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(table); i++) {
		if (table[i].id == id)
			return table[i].name;
	}
	return "?";
}

/* ---- reserved source addresses ----------------------------------------------------------------
 */

#define V4(a, b, c, d)                                                                             \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const struct fw_range4 bogons4[] = {
	{V4(0, 0, 0, 0), V4(0, 255, 255, 255)},       /* this network */
	{V4(10, 0, 0, 0), V4(10, 255, 255, 255)},     /* private use */
	{V4(100, 64, 0, 0), V4(100, 127, 255, 255)},  /* shared address space, RFC 6598 */
	{V4(127, 0, 0, 0), V4(127, 255, 255, 255)},   /* loopback */
	{V4(169, 254, 0, 0), V4(169, 254, 255, 255)}, /* link local */
	{V4(172, 16, 0, 0), V4(172, 31, 255, 255)},   /* private use */
	{V4(192, 0, 0, 0), V4(192, 0, 0, 255)},       /* protocol assignments */
	{V4(192, 0, 2, 0), V4(192, 0, 2, 255)},       /* documentation */
	{V4(192, 168, 0, 0), V4(192, 168, 255, 255)}, /* private use */
	{V4(198, 18, 0, 0), V4(198, 19, 255, 255)},   /* benchmarking */
	{V4(198, 51, 100, 0), V4(198, 51, 100, 255)}, /* documentation */
	{V4(203, 0, 113, 0), V4(203, 0, 113, 255)},   /* documentation */
	{V4(224, 0, 0, 0), V4(255, 255, 255, 255)},   /* multicast, reserved, broadcast */
};

/* The first 64 bits of an address, the rest all zeros or all ones. */
#define LO(hi64) ((unsigned __int128)(hi64##ull) << 64)
#define HI(hi64) (((unsigned __int128)(hi64##ull) << 64) | 0xffffffffffffffffull)

static const struct fw_range6 bogons6[] = {
	{1, 1}, /* loopback */
	{(unsigned __int128)0xffff << 32,
		((unsigned __int128)0xffff << 32) | 0xffffffffu}, /* IPv4-mapped */
	{LO(0x0100000000000000), HI(0x0100000000000000)},         /* discard only */
	{LO(0x2001000200000000), HI(0x200100020000ffff)},         /* benchmarking, 2001:2::/48 */
	{LO(0x2001001000000000), HI(0x2001001fffffffff)},         /* ORCHID */
	{LO(0x20010db800000000), HI(0x20010db8ffffffff)},         /* documentation */
	{LO(0xfc00000000000000), HI(0xfdffffffffffffff)},         /* unique local */
	{LO(0xff00000000000000), HI(0xffffffffffffffff)},         /* multicast */
};

const struct fw_range4 *fw_bogons4(size_t *ret_n)
{
	*ret_n = SK_ARRAY_SIZE(bogons4);
	return bogons4;
}

const struct fw_range6 *fw_bogons6(size_t *ret_n)
{
	*ret_n = SK_ARRAY_SIZE(bogons6);
	return bogons6;
}

bool fw_is_bogon(const struct fw_ip *src)
{
	for (size_t i = 0; src->family == 4 && i < SK_ARRAY_SIZE(bogons4); i++) {
		if (src->a >= bogons4[i].lo && src->a <= bogons4[i].hi)
			return true;
	}
	for (size_t i = 0; src->family == 6 && i < SK_ARRAY_SIZE(bogons6); i++) {
		if (src->a >= bogons6[i].lo && src->a <= bogons6[i].hi)
			return true;
	}
	return false;
}
