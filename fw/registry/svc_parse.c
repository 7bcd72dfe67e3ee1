/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule's protocol and port fields, and the items of service objects, as sets of (protocol, port).
 * Nothing is ever guessed: an empty field, a service that one of the chosen protocols does not
 * have, or a port without a protocol is an error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw/registry/object.h"
#include "fw/registry/svc.h"
#include "fw/registry/svc_names.h"
#include "fw/registry/text.h"
#include "lib/util.h"

/* The protocols a port field applies to. */
struct choice {
	uint8_t proto[2];
	size_t n;
	bool any;
};

static bool is_icmp(uint8_t proto)
{
	return proto == 1 || proto == 58;
}

static int bad_protocol(const char *s, struct sk_err *err)
{
	char q[FW_QUOTE_MAX];

	return sk_err_set(err, -EINVAL, "protocol",
		"'%s' is not a protocol; write tcp, udp, tcp/udp, icmp, icmpv6, esp, ah, gre, "
		"a number from 0 to 255, or any",
		"「%s」はプロトコルとして読めません。tcp、udp、tcp/"
		"udp、icmp、icmpv6、esp、ah、gre、"
		"0〜255 の番号、または any と書いてください",
		fw_quote(q, s));
}

static int parse_protocol(const char *s, struct choice *c, struct sk_err *err)
{
	char text[FW_ITEM_MAX];
	const char *p = s;

	*c = (struct choice){.n = 1};
	if (!s || s[strspn(s, " \t")] == '\0')
		return sk_err_set(err, -EINVAL, "protocol",
			"the protocol is missing; write tcp, udp, icmp and the like",
			"プロトコルがありません。tcp、udp、icmp などと書いてください");
	if (fw_item_next(&p, "", text, NULL) < 0)
		return bad_protocol(s, err);
	fw_text_lower(text, sizeof(text), text);
	if (strcmp(text, "any") == 0) {
		c->any = true;
		return 0;
	}
	if (strcmp(text, "tcp/udp") == 0 || strcmp(text, "udp/tcp") == 0) {
		*c = (struct choice){.proto = {6, 17}, .n = 2};
		return 0;
	}
	if (fw_proto_parse(text, &c->proto[0]) < 0)
		return bad_protocol(s, err);
	return 0;
}

static int add(struct fw_svcs *ret, uint8_t proto, uint16_t lo, uint16_t hi, struct sk_err *err)
{
	return fw_svcs_add(ret, (struct fw_svc){proto, proto, lo, hi}) < 0 ? sk_err_nomem(err) : 0;
}

static int add_all(struct fw_svcs *ret, const struct choice *c, struct sk_err *err)
{
	if (c->any)
		return fw_svcs_add(ret, (struct fw_svc){0, 255, 0, UINT16_MAX}) < 0
			? sk_err_nomem(err)
			: 0;
	for (size_t i = 0; i < c->n; i++)
		if (add(ret, c->proto[i], 0, UINT16_MAX, err) < 0)
			return -ENOMEM;
	return 0;
}

/* "-": only where there is nothing to restrict; for ICMP it means every type. */
static int add_none(struct fw_svcs *ret, const struct choice *c, struct sk_err *err)
{
	if (c->any || fw_proto_has_ports(c->proto[0]))
		return sk_err_set(err, -EINVAL, "port",
			"this protocol has ports; write them, or write any for all of them",
			"このプロトコルにはポート番号があります。番号を書くか、すべてなら any "
			"と書いてください");
	return add_all(ret, c, err);
}

static int bad_number(const char *item, const struct choice *c, struct sk_err *err)
{
	char q[FW_QUOTE_MAX];

	if (is_icmp(c->proto[0]))
		return sk_err_set(err, -EINVAL, "port",
			"'%s' is not an ICMP type; write a number from 0 to 255 or a name such as "
			"echo-request",
			"「%s」はICMPタイプとして読めません。0〜255 の番号か echo-request "
			"などの名前を"
			"書いてください",
			fw_quote(q, item));
	return sk_err_set(err, -EINVAL, "port",
		"'%s' is not a port; write 443, 80,443 or 1024-2047 (1 to 65535, lower first)",
		"「%s」はポート番号として読めません。443、80,443、1024-2047 のように"
		"(1〜65535、小さい方を先に)書いてください",
		fw_quote(q, item));
}

static int parse_number(const char *s, size_t len, uint64_t max, uint64_t *ret)
{
	char text[8];

	while (len > 0 && s[len - 1] == ' ')
		len--;
	for (; len > 0 && s[0] == ' '; len--)
		s++;
	if (len == 0 || len >= sizeof(text) || (len > 1 && s[0] == '0'))
		return -EINVAL;
	memcpy(text, s, len);
	text[len] = '\0';
	return sk_parse_u64(text, max, ret);
}

static int add_number(
	struct fw_svcs *ret, const struct choice *c, const char *item, struct sk_err *err)
{
	const char *dash = strchr(item, '-');
	bool icmp = !c->any && is_icmp(c->proto[0]);
	uint64_t lo, hi, min = icmp ? 0 : 1, max = icmp ? 255 : UINT16_MAX;
	int r;

	if (c->any)
		return sk_err_set(err, -EINVAL, "port",
			"a port number needs a protocol that has ports; choose tcp or udp, or "
			"write "
			"any as port",
			"ポート番号にはプロトコルの指定が必要です。tcp や udp を選ぶか、ポートを "
			"any "
			"としてください");
	if (!icmp && !fw_proto_has_ports(c->proto[0]))
		return sk_err_set(err, -EINVAL, "port",
			"this protocol has no ports; write - as port",
			"このプロトコルにポート番号はありません。ポートは - と書いてください");
	if (parse_number(item, dash ? (size_t)(dash - item) : strlen(item), max, &lo) < 0)
		return bad_number(item, c, err);
	hi = lo;
	if (dash && parse_number(dash + 1, strlen(dash + 1), max, &hi) < 0)
		return bad_number(item, c, err);
	if (lo < min || hi < lo)
		return bad_number(item, c, err);
	for (size_t i = 0; i < c->n; i++) {
		r = add(ret, c->proto[i], (uint16_t)lo, (uint16_t)hi, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Members of a built-in service for one protocol (any: for all). Returns how many, or -ENOMEM. */
static int add_known(struct fw_svcs *ret, const char *name, bool any, uint8_t proto)
{
	static const uint8_t carriers[] = {6, 17, 132};
	const struct fw_svc_known *k;
	int found = 0;

	for (size_t i = 0; (k = fw_svc_known(i)); i++) {
		if (strcmp(k->name, name) != 0)
			continue;
		for (size_t j = 0; j < SK_ARRAY_SIZE(carriers); j++) {
			uint8_t p = carriers[j];

			if ((!any && p != proto) || !fw_svc_known_over(k, p))
				continue;
			if (fw_svcs_add(ret, (struct fw_svc){p, p, k->lo, k->hi}) < 0)
				return -ENOMEM;
			found++;
		}
	}
	return found;
}

static int add_members(struct fw_svcs *ret, const struct fw_svcs *from, bool any, uint8_t proto)
{
	int found = 0;

	for (size_t i = 0; i < from->n; i++) {
		if (!any && from->v[i].proto_lo != proto)
			continue;
		if (fw_svcs_add(ret, from->v[i]) < 0)
			return -ENOMEM;
		found++;
	}
	return found;
}

static int bad_name(const char *item, struct sk_err *err)
{
	char q[FW_QUOTE_MAX];

	return sk_err_set(err, -EINVAL, "port",
		"'%s' is neither a port nor a known service; write a number, a range, or the name "
		"of a "
		"service",
		"「%"
		"s」はポート番号でも登録済みのサービス名でもありません。番号、範囲、またはサービス"
		"名を"
		"書いてください",
		fw_quote(q, item));
}

static int not_over(const char *item, uint8_t proto, struct sk_err *err)
{
	const char *name = fw_proto_name(proto);
	char q[FW_QUOTE_MAX];

	return sk_err_set(err, -EINVAL, "port",
		"the service '%s' has nothing for the protocol %s; change the protocol or the "
		"service",
		"サービス「%s」にプロトコル %s "
		"の定義がありません。プロトコルかサービスを直してください",
		fw_quote(q, item), name ? name : "?");
}

static int add_name(struct fw_svcs *ret, const struct choice *c, const char *item,
	const struct fw_objects *objects, struct sk_err *err)
{
	struct fw_svcs members = {0};
	bool object = objects && fw_objects_has(objects, FW_OBJECT_SERVICE, item);
	char lower[64];
	uint8_t type;
	int r = 0;

	fw_text_lower(lower, sizeof(lower), item);
	if (!c->any && is_icmp(c->proto[0]) &&
		fw_icmp_type_parse(c->proto[0] == 58, lower, &type) == 0)
		return add(ret, c->proto[0], type, type, err);
	if (!object && !fw_svc_builtin(lower))
		return bad_name(item, err);
	if (object) {
		r = fw_objects_service(objects, item, &members, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < c->n; i++) {
		r = object ? add_members(ret, &members, c->any, c->proto[i])
			   : add_known(ret, lower, c->any, c->proto[i]);
		if (r == 0)
			r = c->any ? bad_name(item, err) : not_over(item, c->proto[i], err);
		else if (r < 0)
			r = sk_err_nomem(err);
		if (r < 0)
			break;
	}
	fw_svcs_done(&members);
	return r < 0 ? r : 0;
}

static int add_item(struct fw_svcs *ret, const struct choice *c, const char *item,
	const struct fw_objects *objects, struct sk_err *err)
{
	if (item[0] >= '0' && item[0] <= '9')
		return add_number(ret, c, item, err);
	if (item[0] == '\0')
		return sk_err_set(err, -EINVAL, "port",
			"the port is missing between or after commas",
			"カンマの前後にポート番号がありません");
	if (strcasecmp(item, "any") == 0 || strcmp(item, "-") == 0)
		return sk_err_set(err, -EINVAL, "port",
			"'%s' stands alone; remove it or the other ports",
			"「%s」は単独で書きます。これか他のポートを消してください", item);
	return add_name(ret, c, item, objects, err);
}

static int parse_ports(struct fw_svcs *ret, const struct choice *c, const char *port,
	const struct fw_objects *objects, struct sk_err *err)
{
	char item[FW_ITEM_MAX];
	const char *p = port;
	bool alone = true;
	int r;

	if (!port || port[strspn(port, " \t")] == '\0')
		return sk_err_set(err, -EINVAL, "port",
			"the port is missing; write a number such as 443, or - where there are no "
			"ports",
			"ポート番号がありません。443 のような番号を、ポートがないプロトコルなら - "
			"を"
			"書いてください");
	if (strlen(port) > FW_SPEC_MAX)
		return sk_err_set(err, -EINVAL, "port", "too long: write at most %d bytes",
			"長すぎます。%d バイト以内で書いてください", FW_SPEC_MAX);
	while ((r = fw_item_next(&p, ",", item, err)) > 0) {
		if (alone && !p && strcasecmp(item, "any") == 0)
			return add_all(ret, c, err);
		if (alone && !p && strcmp(item, "-") == 0)
			return add_none(ret, c, err);
		alone = false;
		r = add_item(ret, c, item, objects, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		sk_err_prefix(err, "port");
	return r;
}

int fw_svcs_parse(const char *protocol, const char *port, const struct fw_objects *objects,
	struct fw_svcs *ret, struct sk_err *err)
{
	struct fw_svcs tmp = {0};
	struct choice c;
	int r = parse_protocol(protocol, &c, err);

	if (r < 0)
		return r;
	r = parse_ports(&tmp, &c, port, objects, err);
	if (r < 0) {
		fw_svcs_done(&tmp);
		return r;
	}
	fw_svcs_normalise(&tmp);
	*ret = tmp;
	return 0;
}

/* "tcp/80", "tcp/udp/53": the port is what follows the last slash. */
static int add_pair(struct fw_svcs *ret, const char *item, const char *slash, struct sk_err *err)
{
	char proto[FW_ITEM_MAX];
	struct fw_svcs one = {0};
	int r;

	memcpy(proto, item, (size_t)(slash - item));
	proto[slash - item] = '\0';
	if (strcasecmp(proto, "any") == 0)
		return bad_protocol(proto, err);
	r = fw_svcs_parse(proto, slash + 1, NULL, &one, err);
	if (r == 0 && fw_svcs_append(ret, &one) < 0)
		r = sk_err_nomem(err);
	fw_svcs_done(&one);
	return r;
}

int fw_svcs_add_item(struct fw_svcs *s, const char *item, struct sk_err *err)
{
	const char *slash = strrchr(item, '/');
	char lower[64], q[FW_QUOTE_MAX];
	uint8_t proto;
	int r;

	if (strlen(item) >= FW_ITEM_MAX)
		return bad_name(item, err);
	if (slash)
		return add_pair(s, item, slash, err);
	fw_text_lower(lower, sizeof(lower), item);
	r = add_known(s, lower, true, 0);
	if (r != 0)
		return r < 0 ? sk_err_nomem(err) : 0;
	if ((item[0] < '0' || item[0] > '9') && fw_proto_parse(lower, &proto) == 0 &&
		!fw_proto_has_ports(proto) && !is_icmp(proto))
		return add(s, proto, 0, UINT16_MAX, err);
	if (fw_object_name_valid(item) && !fw_svc_builtin(lower))
		return -ENOENT;
	return sk_err_set(err, -EINVAL, "port",
		"'%s' is not a service; write the protocol too, such as tcp/443, udp/1024-2047, "
		"tcp/any",
		"「%s」はサービスとして読めません。tcp/443、udp/1024-2047、tcp/any "
		"のようにプロトコルも"
		"書いてください",
		fw_quote(q, item));
}
