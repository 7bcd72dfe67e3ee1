/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The meaning of a rule: its text resolved to ranges, and whether a packet fits. Called for every
 * rule at every policy load, so it allocates little; knows nothing of zones, dates or people.
 */
#include <errno.h>
#include <string.h>

#include "fw/registry/rule.h"
#include "fw/registry/text.h"
#include "lib/util.h"

enum { FAMILY_4 = 1, FAMILY_6 = 2 };

static unsigned families(const struct fw_addrs *a)
{
	return (a->n4 ? FAMILY_4 : 0) | (a->n6 ? FAMILY_6 : 0);
}

void fw_match_done(struct fw_match *m)
{
	if (!m)
		return;
	fw_addrs_done(&m->src);
	fw_addrs_done(&m->dst);
	fw_svcs_done(&m->svc);
	*m = (struct fw_match){0};
}

static int compile_addrs(const char *field, const char *spec, const struct fw_objects *o,
	struct fw_addrs *ret, struct sk_err *err)
{
	int r;

	if (spec && strlen(spec) > FW_SPEC_MAX)
		return sk_err_set(err, -EINVAL, field,
			"too long: at most %d bytes; make an object of the addresses",
			"長すぎます。%d バイト以内にするか、オブジェクトにまとめてください",
			FW_SPEC_MAX);
	r = fw_addrs_parse(spec, o, ret, err);
	if (r == -ENOENT &&
		(strcasecmp(spec, "gateway") == 0 || strcasecmp(spec, FW_ZONE_SELF) == 0))
		return sk_err_set(err, -ENOENT, field,
			"write any: the direction already says that this side is the gateway",
			"any と書いてください。本装置であることは通信方向で示されています");
	if (r < 0)
		sk_err_prefix(err, "%s", field);
	return r;
}

/* Source, destination and protocol must be able to meet in one packet. */
static int check_families(const struct fw_match *m, struct sk_err *err)
{
	unsigned both = families(&m->src) & families(&m->dst);

	if (!both)
		return sk_err_set(err, -EINVAL, "destination",
			"source and destination have no address family in common; use IPv4 or IPv6 "
			"in both",
			"接続元と接続先のIPバージョンが一致しません。両方を IPv4 か IPv6 "
			"に揃えてください");
	for (size_t i = 0; i < m->svc.n; i++) {
		uint8_t proto = m->svc.v[i].proto_lo;

		if (m->svc.v[i].proto_hi != proto)
			continue;
		if ((proto == 1 && !(both & FAMILY_4)) || (proto == 58 && !(both & FAMILY_6)))
			return sk_err_set(err, -EINVAL, "protocol",
				"icmp belongs to IPv4 and icmpv6 to IPv6; choose the one of the "
				"addresses",
				"icmp は IPv4、icmpv6 は IPv6 "
				"用です。アドレスに合う方を選んでください");
	}
	return 0;
}

static int bad_nat(const struct fw_rule *r, struct sk_err *err)
{
	if (r->kind == FW_SNAT)
		return sk_err_set(err, -EINVAL, "nat_to",
			"write masquerade, or the address that replaces the source",
			"masquerade または変換後の送信元アドレスを書いてください");
	return sk_err_set(err, -EINVAL, "nat_to",
		"write where to forward: 192.168.10.5, 192.168.10.5:8443 or [2001:db8::5]:8443",
		"転送先を 192.168.10.5、192.168.10.5:8443、[2001:db8::5]:8443 "
		"のように書いてください");
}

/* Split "addr", "addr:port", "[v6]", "[v6]:port". */
static int parse_target(const char *s, struct fw_ip *ret, uint16_t *ret_port)
{
	char text[80], *host = text, *port = NULL, *end;
	uint64_t n = 0;

	if (strlen(s) >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, strlen(s) + 1);
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		port = end[1] ? end + 2 : NULL;
		*end = '\0';
		host++;
	} else if ((end = strchr(text, ':')) && !strchr(end + 1, ':')) {
		*end = '\0';
		port = end + 1;
	}
	if (port && (sk_parse_u64(port, UINT16_MAX, &n) < 0 || n == 0 || port[0] == '0'))
		return -EINVAL;
	if (fw_ip_parse(host, ret, NULL) < 0 || (text[0] == '[' && ret->family != 6))
		return -EINVAL;
	*ret_port = (uint16_t)n;
	return 0;
}

/* Addresses no single host can have (RFC 1122, RFC 4291): translating to them is a typing error. */
static bool no_host(const struct fw_ip *ip)
{
	if (ip->family == 4) {
		uint32_t top = (uint32_t)ip->a >> 24;

		return top == 0 || top == 127 || top >= 224;
	}
	return ip->a <= 1 || (uint8_t)(ip->a >> 120) == 0xff;
}

static int check_nat_family(const struct fw_rule *r, const struct fw_match *m, struct sk_err *err)
{
	unsigned fam = m->nat_addr.family == 4 ? FAMILY_4 : FAMILY_6;
	const struct fw_addrs *own = r->kind == FW_DNAT ? &m->dst : &m->src;
	const struct fw_addrs *other = r->kind == FW_DNAT ? &m->src : &m->dst;

	if ((own->any || families(own) == fam) && (families(other) & fam))
		return 0;
	return sk_err_set(err, -EINVAL, "nat_to",
		"the translation and the addresses of the rule are of different families (IPv4, "
		"IPv6); "
		"make one rule for each",
		"変換先とルールのアドレスのIPバージョンが一致しません。IPv4 と IPv6 "
		"はルールを分けてください");
}

static int check_nat_ports(const struct fw_match *m, struct sk_err *err)
{
	for (size_t i = 0; m->nat_port && i < m->svc.n; i++) {
		const struct fw_svc *v = &m->svc.v[i];

		if (v->proto_lo != v->proto_hi || !fw_proto_has_ports(v->proto_lo))
			return sk_err_set(err, -EINVAL, "protocol",
				"forwarding to a port needs a protocol with ports; choose tcp or "
				"udp",
				"ポートへの転送には tcp や udp "
				"などポートのあるプロトコルが必要です");
	}
	return 0;
}

static int compile_nat(const struct fw_rule *r, struct fw_match *m, struct sk_err *err)
{
	bool nat = r->kind == FW_DNAT || r->kind == FW_SNAT;
	int ret;

	if (!nat) {
		if (!r->nat_to || !r->nat_to[0])
			return 0;
		return sk_err_set(err, -EINVAL, "nat_to",
			"only port forwarding and source translation have a translation; leave it "
			"empty",
			"変換先はポート転送と送信元変換だけで使います。空にしてください");
	}
	if (!r->nat_to || !r->nat_to[0])
		return bad_nat(r, err);
	if (r->kind == FW_SNAT && strcmp(r->nat_to, "masquerade") == 0) {
		m->masquerade = true;
		return 0;
	}
	if (parse_target(r->nat_to, &m->nat_addr, &m->nat_port) < 0)
		return bad_nat(r, err);
	if (no_host(&m->nat_addr) || (r->kind == FW_SNAT && m->nat_port))
		return bad_nat(r, err);
	ret = check_nat_family(r, m, err);
	return ret < 0 ? ret : check_nat_ports(m, err);
}

int fw_match_compile(const struct fw_rule *r, const struct fw_objects *o, struct fw_match *ret,
	struct sk_err *err)
{
	struct fw_match m = {0};
	int rc;

	rc = compile_addrs("source", r->source, o, &m.src, err);
	if (rc == 0)
		rc = compile_addrs("destination", r->destination, o, &m.dst, err);
	if (rc == 0)
		rc = fw_svcs_parse(r->protocol, r->port, o, &m.svc, err);
	if (rc == 0)
		rc = check_families(&m, err);
	if (rc == 0)
		rc = compile_nat(r, &m, err);
	if (rc < 0) {
		fw_match_done(&m);
		return rc;
	}
	*ret = m;
	return 0;
}

bool fw_match_hit(const struct fw_match *m, const struct fw_ip *src, const struct fw_ip *dst,
	uint8_t proto, uint16_t port)
{
	return fw_addrs_has(&m->src, src) && fw_addrs_has(&m->dst, dst) &&
		fw_svcs_has(&m->svc, proto, port);
}
