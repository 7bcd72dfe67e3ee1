/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions on the flow: direction and state, sizes, protocol, application events.
 */
#include <errno.h>

#include "ips/proto/recognise.h"
#include "ips/rules/kw.h"
#include "lib/util.h"

static int flow_word(struct ips_build *b, struct ips_text t)
{
	struct ips_flow_opt *f = &b->rule->flow;
	struct {
		const char *name;
		bool *set;
		bool against;
	} const words[] = {
		{"established", &f->established, f->not_established || f->stateless},
		{"not_established", &f->not_established, f->established},
		{"stateless", &f->stateless, f->established},
		{"to_client", &f->to_client, f->to_server},
		{"from_server", &f->to_client, f->to_server},
		{"to_server", &f->to_server, f->to_client},
		{"from_client", &f->to_server, f->to_client},
		{"only_stream", &f->only_stream, f->no_stream},
		{"no_stream", &f->no_stream, f->only_stream},
		{"only_frag", &f->only_frag, f->no_frag},
		{"no_frag", &f->no_frag, f->only_frag},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(words); i++) {
		if (!ips_text_is(t, words[i].name))
			continue;
		if (*words[i].set)
			return ips_refuse(b, "%s is given twice", words[i].name);
		if (words[i].against)
			return ips_refuse(b, "%s contradicts what stands before it", words[i].name);
		*words[i].set = true;
		return 0;
	}
	return ips_refuse(b, "unknown flow option '%.*s'", IPS_T(t));
}

static int read_flow(struct ips_build *b, struct ips_text v)
{
	struct ips_text t;
	int e = 0;

	if (b->has_flow)
		return ips_refuse(b, "given twice");
	b->has_flow = true;
	while (e == 0 && ips_text_cut(&v, ',', &t))
		e = flow_word(b, t);
	return e;
}

static int side_of(struct ips_build *b, struct ips_text t, struct ips_opt *o)
{
	if (ips_text_is(t, "client"))
		o->stream_size.dir = IPS_TOSERVER;
	else if (ips_text_is(t, "server"))
		o->stream_size.dir = IPS_TOCLIENT;
	else if (ips_text_is(t, "both"))
		o->stream_size.both = true;
	else if (ips_text_is(t, "either"))
		o->stream_size.either = true;
	else
		return ips_refuse(b, "'%.*s' is none of client, server, both, either", IPS_T(t));
	return 0;
}

/* stream_size:side,operator,number */
static int read_stream_size(struct ips_build *b, struct ips_text v)
{
	struct ips_text side, op;
	struct ips_opt *o;
	char joined[40];
	int e;

	o = ips_build_cond(b, IPS_O_STREAM_SIZE, &e);
	if (!o)
		return e;
	if (!ips_text_cut(&v, ',', &side) || !ips_text_cut(&v, ',', &op) || !v.p)
		return ips_refuse(b, "is written side,operator,number");
	e = side_of(b, side, o);
	if (e < 0)
		return e;
	v = ips_text_trim(v);
	snprintf(joined, sizeof(joined), "%.*s%.*s", IPS_T(op), IPS_T(v));
	return ips_kw_cmp(b, ips_text_of(joined), UINT32_MAX, &o->stream_size.cmp);
}

/* flow.pkts_toclient and the like: kw->arg is the kind, plus 256 for toclient. */
static int read_flow_count(struct ips_build *b, struct ips_text v)
{
	int e;
	struct ips_opt *o = ips_build_cond(b, (enum ips_opt_kind)(b->kw->arg & 0xff), &e);

	if (!o)
		return e;
	o->stream_size.dir = b->kw->arg & 0x100 ? IPS_TOCLIENT : IPS_TOSERVER;
	return ips_kw_cmp(b, v, UINT64_MAX, &o->stream_size.cmp);
}

static int read_app_protocol(struct ips_build *b, struct ips_text v)
{
	bool negated = b->negated;
	char name[32];
	struct ips_opt *o;
	int e, id;

	if (b->app_stated)
		return ips_refuse(b, "the rule is about one protocol already");
	ips_text_copy(name, sizeof(name), v);
	id = ips_text_eq(v, "http1") || ips_text_eq(v, "http") ? IPS_P_HTTP1
		: ips_text_eq(v, "ssl")                        ? IPS_P_TLS
		: ips_text_eq(v, "failed")                     ? IPS_P_FAILED
		: ips_text_eq(v, "unknown")                    ? IPS_P_UNKNOWN
							       : ips_proto_by_name(name);
	if (id < 0 || v.n >= sizeof(name))
		return ips_refuse(b, "unknown protocol '%.*s'", IPS_T(v));
	for (size_t i = 0; i < b->n; i++)
		if (b->opts[i].o.kind == IPS_O_APP_PROTOCOL &&
			(b->opts[i].o.app.id == (enum ips_proto_id)id || !negated ||
				!b->opts[i].o.negated))
			return ips_refuse(b, "a second one must be another one, and both negated");
	o = ips_build_cond(b, IPS_O_APP_PROTOCOL, &e);
	if (!o)
		return e;
	o->negated = negated;
	o->app.id = (enum ips_proto_id)id;
	o->app.event = ips_text_eq(v, "http"); /* either version */
	return 0;
}

static int read_app_event(struct ips_build *b, struct ips_text v)
{
	enum ips_proto_id id = IPS_P_UNKNOWN;
	char name[96];
	struct ips_opt *o;
	int e, event;

	e = ips_build_leave(b, IPS_BUF_PAYLOAD);
	if (e < 0)
		return e;
	ips_text_copy(name, sizeof(name), v);
	event = v.n < sizeof(name) ? ips_app_event_by_name(name, &id) : -1;
	if (event < 0)
		return ips_refuse(b, "unknown event '%.*s'", IPS_T(v));
	e = id == IPS_P_UNKNOWN ? 0 : ips_build_app(b, 1ULL << id);
	if (e < 0)
		return e;
	o = ips_build_cond(b, IPS_O_APP_EVENT, &e);
	if (o) {
		o->app.id = id;
		o->app.event = event;
	}
	return e;
}

static int read_bypass(struct ips_build *b, struct ips_text v)
{
	int e;

	ips_build_action(b, IPS_O_BYPASS, &e);
	return e;
}

static int read_ftpbounce(struct ips_build *b, struct ips_text v)
{
	int e = ips_build_app(b, IPS_PB(FTP));

	if (e == 0)
		e = ips_build_leave(b, IPS_BUF_PAYLOAD);
	if (e == 0)
		ips_build_cond(b, IPS_O_FTPBOUNCE, &e);
	return e;
}

const struct ips_kw ips_kw_flow[] = {
	{"flow", read_flow, 0, 0},
	{"stream_size", read_stream_size, 0, 0},
	{"flow.pkts_toserver", read_flow_count, 0, IPS_O_FLOW_PKTS},
	{"flow.pkts_toclient", read_flow_count, 0, IPS_O_FLOW_PKTS | 256},
	{"flow.bytes_toserver", read_flow_count, 0, IPS_O_FLOW_BYTES},
	{"flow.bytes_toclient", read_flow_count, 0, IPS_O_FLOW_BYTES | 256},
	{"app-layer-protocol", read_app_protocol, IPS_KW_NEGATE, 0},
	{"app-layer-event", read_app_event, 0, 0},
	{"bypass", read_bypass, IPS_KW_NONE, 0},
	{"ftpbounce", read_ftpbounce, IPS_KW_NONE, 0},
	{NULL, NULL, 0, 0},
};
