/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule as a whole, once all options are read: directions of its buffers, its protocol, contents
 * that could never match. Refuses what Suricata refuses when it validates a signature.
 */
#include <ctype.h>
#include <errno.h>

#include "ips/proto/recognise.h"
#include "ips/rules/kw.h"
#include "lib/util.h"

/* Conditions on packets; they cannot hold for a transaction. */
static const uint64_t packet_conds = IPS_KIND(DSIZE) | IPS_KIND(TCP_FLAGS) | IPS_KIND(TCP_SEQ) |
	IPS_KIND(TCP_ACK) | IPS_KIND(TCP_WINDOW) | IPS_KIND(TCP_MSS) | IPS_KIND(ITYPE) |
	IPS_KIND(ICODE) | IPS_KIND(ICMP_ID) | IPS_KIND(ICMP_SEQ) | IPS_KIND(ICMPV6_MTU) |
	IPS_KIND(TTL) | IPS_KIND(TOS) | IPS_KIND(IP_ID) | IPS_KIND(IPOPTS) | IPS_KIND(FRAGBITS) |
	IPS_KIND(FRAGOFFSET) | IPS_KIND(SAMEIP) | IPS_KIND(L3_CSUM);

static unsigned num_dirs(enum ips_num n)
{
	switch (n) {
	case IPS_NUM_URILEN:
	case IPS_NUM_URILEN_RAW:
	case IPS_NUM_MODBUS_FUNCTION:
	case IPS_NUM_MODBUS_SUBFUNCTION:
	case IPS_NUM_MODBUS_UNIT:
	case IPS_NUM_MODBUS_ADDRESS:
	case IPS_NUM_MODBUS_QUANTITY:
	case IPS_NUM_MODBUS_VALUE:
	case IPS_NUM_MODBUS_ACCESS: return IPS_BUF_TOSERVER;
	case IPS_NUM_TLS_NOT_BEFORE:
	case IPS_NUM_TLS_NOT_AFTER:
	case IPS_NUM_TLS_CHAIN_LEN: return IPS_BUF_TOCLIENT;
	default: return IPS_BUF_BOTH;
	}
}

/* Attachments only travel to mail servers. */
static unsigned buf_dirs(const struct ips_build *b, enum ips_buf buf)
{
	if ((buf == IPS_BUF_FILE_DATA || buf == IPS_BUF_FILE_NAME) && b->apps == IPS_PB(SMTP))
		return IPS_BUF_TOSERVER;
	return ips_buf_info(buf)->flags & IPS_BUF_BOTH;
}

static int directions(struct ips_build *b)
{
	struct ips_flow_opt *f = &b->rule->flow;
	unsigned seen = 0;

	for (uint32_t i = 0; i < b->lists_n; i++) {
		unsigned d =
			b->lists[i].to_client ? IPS_BUF_TOCLIENT : buf_dirs(b, b->lists[i].buf);

		if (b->lists[i].opts > 0 && d != IPS_BUF_BOTH)
			seen |= d;
	}
	for (size_t i = 0; i < b->n; i++) {
		const struct ips_opt *o = &b->opts[i].o;
		unsigned d = o->kind == IPS_O_NUMBER ? num_dirs(o->number.id)
			: o->kind == IPS_O_FTPBOUNCE ? IPS_BUF_TOSERVER
						     : IPS_BUF_BOTH;

		if (d != IPS_BUF_BOTH)
			seen |= d;
	}
	if (seen == IPS_BUF_BOTH)
		return ips_refuse(b, "buffers of requests and of answers in one rule");
	if ((seen == IPS_BUF_TOSERVER && f->to_client) ||
		(seen == IPS_BUF_TOCLIENT && f->to_server))
		return ips_refuse(b, "a buffer of the other direction than flow says");
	f->to_server |= seen == IPS_BUF_TOSERVER;
	f->to_client |= seen == IPS_BUF_TOCLIENT;
	return 0;
}

static bool has_cond(const struct ips_build *b, uint64_t kinds)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->opts[i].place == IPS_IN_CONDS && (kinds >> b->opts[i].o.kind & 1))
			return true;
	return false;
}

/* What looks at packets and what looks at streams or transactions exclude each other. */
static int packet_or_stream(struct ips_build *b)
{
	const struct ips_rule *r = b->rule;
	bool header = false, app = has_cond(b, IPS_KIND(NUMBER) | IPS_KIND(FTPBOUNCE));
	bool packet =
		has_cond(b, packet_conds) || r->flow.no_stream || (r->hdr_proto & IPS_HP_TCP_PKT);
	bool stream = r->flow.only_stream || (r->hdr_proto & IPS_HP_TCP_STREAM);

	for (size_t i = 0; i < b->n; i++)
		app |= b->opts[i].o.kind == IPS_O_APP_EVENT && b->opts[i].o.app.id != IPS_P_UNKNOWN;
	for (uint32_t i = 0; i < b->lists_n; i++) {
		const struct ips_buf_info *info = ips_buf_info(b->lists[i].buf);

		if (b->lists[i].opts == 0)
			continue;
		header |= info->flags & IPS_BUF_PACKET;
		app |= info->protos != 0;
	}
	packet |= header;
	if (packet && stream)
		return ips_refuse(
			b, "conditions on packets together with only_stream or tcp-stream");
	if (packet && app)
		return ips_refuse(
			b, "conditions on packets together with an application's buffers");
	return 0;
}

/* Lists that only exist under conditions. */
static int special_buffers(struct ips_build *b)
{
	const struct ips_flow_opt *f = &b->rule->flow;

	for (uint32_t i = 0; i < b->lists_n; i++) {
		enum ips_buf buf = b->lists[i].buf;

		if (b->lists[i].opts == 0)
			continue;
		if (buf == IPS_BUF_HTTP_HEADER_RAW && !f->to_server && !f->to_client)
			return ips_refuse(b, "%s needs flow:to_server or flow:to_client",
				ips_buf_info(buf)->name);
		if (buf == IPS_BUF_FILE_DATA && !b->lists[i].to_client &&
			!(b->rule->hdr_proto & IPS_HP_TCP))
			return ips_refuse(b, "files only travel over TCP");
	}
	if (b->apps == IPS_PB(HTTP2) && has_cond(b, IPS_KIND(FILENAME)))
		return ips_refuse(b, "HTTP/2 has no file names");
	if (has_cond(b, IPS_KIND(IP_PROTO)) && (b->rule->hdr_proto & IPS_HP_IP) != IPS_HP_IP)
		return ips_refuse(b, "ip_proto belongs into a rule for ip");
	return 0;
}

/* Header buffers and fields need their protocol in the rule's header. */
static int header_proto(struct ips_build *b)
{
	static const struct {
		enum ips_buf buf;
		uint32_t hdr;
	} rows[] = {
		{IPS_BUF_TCP_HDR, IPS_HP_TCP},
		{IPS_BUF_UDP_HDR, IPS_HP_UDP},
		{IPS_BUF_ICMPV4_HDR, IPS_HP_ICMP},
		{IPS_BUF_ICMPV6_HDR, IPS_HP_ICMPV6},
	};
	struct ips_rule *r = b->rule;

	for (uint32_t i = 0; i < b->lists_n; i++)
		for (size_t k = 0; k < SK_ARRAY_SIZE(rows); k++)
			if (b->lists[i].buf == rows[k].buf && b->lists[i].opts > 0 &&
				!(r->hdr_proto & rows[k].hdr))
				return ips_refuse(b, "%s in a rule for another protocol",
					ips_buf_info(rows[k].buf)->name);
	return 0;
}

/* The rule's application protocol, and what carries it. */
static int settle_app(struct ips_build *b)
{
	struct ips_rule *r = b->rule;
	uint64_t a = b->apps;
	uint32_t hdr = 0;

	if (!b->app_stated)
		return 0;
	if ((a & IPS_HTTP_ANY) == IPS_HTTP_ANY && !(a & ~IPS_HTTP_ANY)) {
		r->app = IPS_P_HTTP1;
		r->app_any_http = true;
	} else if (a == (IPS_PB(DCERPC) | IPS_PB(SMB))) {
		r->app = IPS_P_DCERPC; /* also within SMB */
	} else if ((a & (a - 1)) == 0) {
		r->app = (enum ips_proto_id)__builtin_ctzll(a);
	}
	for (int id = IPS_P_FAILED + 1; id < IPS_P_COUNT; id++) {
		uint32_t flags = ips_proto_info(id)->flags;

		if (!(a >> id & 1))
			continue;
		hdr |= (flags & IPS_PROTO_TCP ? IPS_HP_TCP : 0) |
			(flags & IPS_PROTO_UDP ? IPS_HP_UDP : 0);
	}
	if (r->hdr_proto == 0 || (r->hdr_proto & IPS_HP_IP) == IPS_HP_IP)
		r->hdr_proto = hdr | (r->hdr_proto & ~(uint32_t)IPS_HP_IP);
	return 0;
}

/* A protocol that is only recognised by name has nothing to match in. */
static int parsed(struct ips_build *b)
{
	for (uint32_t i = 0; i < b->lists_n; i++) {
		const struct ips_buf_info *info = ips_buf_info(b->lists[i].buf);
		bool any = info->protos == 0;

		for (int id = 0; id < IPS_P_COUNT && !any; id++)
			any = (info->protos & b->apps) >> id & 1 && ips_protos[id];
		if (!any)
			return ips_refuse(
				b, "%s: the protocol is recognised, but not parsed", info->name);
	}
	for (size_t i = 0; i < b->n; i++) {
		const struct ips_opt *o = &b->opts[i].o;
		bool any = o->kind != IPS_O_NUMBER && o->kind != IPS_O_DCE_IFACE;

		for (int id = 0; id < IPS_P_COUNT && !any; id++)
			any = b->apps >> id & 1 && ips_protos[id];
		if (!any)
			return ips_refuse(b, "the protocol is recognised, but not parsed");
	}
	return 0;
}

/* Bytes a list of contents needs, as far as their places tell. */
static int64_t needed(const struct ips_build *b, int list)
{
	int64_t end = 0, most = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct ips_build_opt *o = &b->opts[i];
		const struct ips_content *c = &o->o.content;

		if (o->place != IPS_IN_LIST || o->list != list || o->o.kind != IPS_O_CONTENT)
			continue;
		if (c->relative)
			end += c->len + (c->distance.slot < 0 ? c->distance.value : 0);
		else
			end = c->len + (c->offset.slot < 0 ? c->offset.value : 0);
		most = SK_MAX(most, end);
	}
	return most;
}

static int64_t most_allowed(const struct ips_num_cmp *c)
{
	switch (c->op) {
	case IPS_EQ:
	case IPS_LE:
	case IPS_LT: return c->a < INT64_MAX ? (int64_t)c->a : INT64_MAX;
	case IPS_RANGE: return c->b < INT64_MAX ? (int64_t)c->b : INT64_MAX;
	default: return INT64_MAX;
	}
}

/* urilen and a content in the URI it measures. */
static int check_urilen(struct ips_build *b, const struct ips_opt *len)
{
	enum ips_buf buf =
		len->number.id == IPS_NUM_URILEN ? IPS_BUF_HTTP_URI : IPS_BUF_HTTP_URI_RAW;

	for (size_t i = 0; i < b->n; i++) {
		const struct ips_build_opt *o = &b->opts[i];

		if (o->place == IPS_IN_LIST && o->o.kind == IPS_O_CONTENT &&
			b->lists[o->list].buf == buf && b->lists[o->list].base64 < 0 &&
			o->o.content.len > most_allowed(&len->number.cmp))
			return ips_refuse(b, "a content of %u bytes, urilen allows %lld",
				o->o.content.len, (long long)most_allowed(&len->number.cmp));
	}
	return 0;
}

/* A size (bsize of its buffer, dsize of the packet) smaller than what must be found. */
static int check_sizes(struct ips_build *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct ips_build_opt *s = &b->opts[i];

		if (s->o.kind == IPS_O_NUMBER &&
			(s->o.number.id == IPS_NUM_URILEN ||
				s->o.number.id == IPS_NUM_URILEN_RAW) &&
			check_urilen(b, &s->o) < 0)
			return -EINVAL;
		for (uint32_t l = 0; l < b->lists_n; l++) {
			bool bsize = s->o.kind == IPS_O_BSIZE && s->list == (int)l;
			bool dsize = s->o.kind == IPS_O_DSIZE &&
				b->lists[l].buf == IPS_BUF_PAYLOAD && b->lists[l].base64 < 0;

			if ((bsize || dsize) && needed(b, (int)l) > most_allowed(&s->o.num))
				return ips_refuse(b, "the contents need %lld bytes, %s allows %lld",
					(long long)needed(b, (int)l), bsize ? "bsize" : "dsize",
					(long long)most_allowed(&s->o.num));
		}
	}
	return 0;
}

static bool has_upper(const struct ips_content *c)
{
	for (uint16_t i = 0; i < c->len; i++)
		if (isupper(c->data[i]))
			return true;
	return false;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Buffers whose bytes are normalised: what could never be there. */
static int check_content(struct ips_build *b, enum ips_buf buf, struct ips_content *c)
{
	switch (buf) {
	case IPS_BUF_HTTP_HOST:
		if (c->nocase)
			return ips_refuse(b, "the host is in lower case already: nocase is wrong");
		if (has_upper(c))
			return ips_refuse(b, "the host is in lower case: a capital never matches");
		return 0;
	case IPS_BUF_HTTP_METHOD:
		if (blank(c->data[0]) || blank(c->data[c->len - 1]))
			return ips_refuse(b, "a method has no blank before or after it");
		return 0;
	case IPS_BUF_JA3_HASH:
	case IPS_BUF_JA3S_HASH:
	case IPS_BUF_SSH_HASSH:
	case IPS_BUF_SSH_HASSH_SERVER:
		if (c->len != 32)
			return ips_refuse(b, "a hash is 32 hexadecimal digits");
		return 0;
	default: return 0;
	}
}

/* Hashes are written in either case and matched in the parsers' one. */
static int fold_case(struct ips_build *b, enum ips_buf buf, struct ips_content *c)
{
	bool lower = buf == IPS_BUF_JA3_HASH || buf == IPS_BUF_JA3S_HASH ||
		buf == IPS_BUF_JA4_HASH || buf == IPS_BUF_TLS_CERT_FINGERPRINT ||
		buf == IPS_BUF_SSH_HASSH || buf == IPS_BUF_SSH_HASSH_SERVER;
	bool upper = buf == IPS_BUF_TLS_CERT_SERIAL;
	uint8_t *to;

	if (!lower && !upper)
		return 0;
	to = ips_arena_get(&b->r->mem, c->len);
	if (!to)
		return -ENOMEM;
	for (uint16_t i = 0; i < c->len; i++)
		to[i] = (uint8_t)(lower ? tolower(c->data[i]) : toupper(c->data[i]));
	c->data = to;
	return 0;
}

static int check_fast(struct ips_build *b, const struct ips_opt *o)
{
	const struct ips_content *c = &o->content;
	bool placed = c->has_depth || c->has_offset || c->relative;

	if (!c->fast_pattern)
		return 0;
	if (o->negated && placed)
		return ips_refuse(b, "a negated content with a place cannot be the fast pattern");
	if (c->fast_only && (o->negated || placed))
		return ips_refuse(b, "fast_pattern:only: no place and no negation");
	return 0;
}

/* Of several fast patterns the first counts, the payload's before all. */
static void one_fast(struct ips_build *b)
{
	struct ips_build_opt *best = NULL;

	for (size_t i = 0; i < b->n; i++) {
		struct ips_build_opt *o = &b->opts[i];

		if (o->place != IPS_IN_LIST || o->o.kind != IPS_O_CONTENT ||
			!o->o.content.fast_pattern)
			continue;
		if (best && b->lists[o->list].buf != IPS_BUF_PAYLOAD && best->list <= o->list) {
			o->o.content.fast_pattern = false;
			continue;
		}
		if (best)
			best->o.content.fast_pattern = false;
		best = o;
	}
}

static int contents(struct ips_build *b)
{
	int e = 0;

	for (size_t i = 0; i < b->n && e == 0; i++) {
		struct ips_build_opt *o = &b->opts[i];

		if (o->place != IPS_IN_LIST || o->o.kind != IPS_O_CONTENT)
			continue;
		e = check_fast(b, &o->o);
		/* Decoded or transformed, it is another text. */
		if (e < 0 || b->lists[o->list].base64 >= 0 || b->lists[o->list].transforms_n > 0)
			continue;
		e = check_content(b, b->lists[o->list].buf, &o->o.content);
		if (e == 0)
			e = fold_case(b, b->lists[o->list].buf, &o->o.content);
	}
	one_fast(b);
	return e < 0 ? e : check_sizes(b);
}

int ips_build_check(struct ips_build *b)
{
	struct ips_rule *r = b->rule;
	int e;

	if (!b->has_sid)
		return ips_refuse(b, "no sid");
	if (ips_build_idle(b))
		return ips_refuse(
			b, "buffer %s has nothing to match", ips_buf_info(b->pending)->name);
	for (uint32_t i = 0; i < b->lists_n; i++)
		if (b->lists[i].base64 >= 0 && b->lists[i].opts == 0)
			return ips_refuse(b, "base64_data has nothing to match");
	if (r->severity == 0)
		r->severity = 3;
	e = settle_app(b);
	if (e == 0)
		e = special_buffers(b);
	if (e == 0)
		e = directions(b);
	if (e == 0)
		e = header_proto(b);
	if (e == 0)
		e = packet_or_stream(b);
	if (e == 0)
		e = contents(b);
	return e < 0 ? e : parsed(b);
}
