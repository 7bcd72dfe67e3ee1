/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any packets and transactions through a fixed set of rules. The input is a list of operations:
 * packets with payload and stream data, buffers set and completed, rules exchanged. And a stream
 * cut in any way must give the alerts that it gives in one piece.
 */
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ips/detect/detect_int.h"
#include "lib/cursor.h"
#include "lib/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TXS 4
#define BUFS 6
#define STREAM_MAX 1024

static const char *const rule_text[2] = {
	"alert tcp any any -> any any (msg:\"m\"; content:\"ab\"; content:\"cd\"; distance:0; "
	"sid:1;)\n"
	"alert tcp any any -> any any (msg:\"m\"; content:\"ef\"; depth:9; sid:2;)\n"
	"alert tcp any any -> any any (msg:\"m\"; pcre:\"/g+h/\"; sid:3;)\n"
	"drop tcp any any -> any 80 (msg:\"m\"; content:\"evil\"; nocase; flowbits:set,a; sid:4;)\n"
	"alert tcp any any -> any any (msg:\"m\"; flowbits:isset,a; sid:5;)\n"
	"pass udp any any -> any 53 (msg:\"m\"; content:\"ok\"; sid:6;)\n"
	"alert udp any any <> any any (msg:\"m\"; content:!\"ok\"; dsize:>2; sid:7;)\n"
	"alert http any any -> any any (msg:\"m\"; http.uri; content:\"/x\"; "
	"http.header; content:\"y\"; sid:8;)\n"
	"alert http any any -> any any (msg:\"m\"; http.request_body; content:\"ab\"; "
	"content:!\"z\"; sid:9;)\n"
	"alert http any any -> any any (msg:\"m\"; http.uri; to_lowercase; content:\"low\"; "
	"sid:10;)\n"
	"alert http any any -> any any (msg:\"m\"; http.request_header; content:\"q\"; "
	"http.uri; pcre:\"/x$/\"; sid:11;)\n"
	"alert http any any -> any any (msg:\"m\"; content:\"raw\"; http.uri; content:\"/\"; "
	"sid:12;)\n"
	"alert http any any -> any any (msg:\"m\"; urilen:3<>9; sid:13;)\n"
	"alert ip 10.0.0.0/8 any -> any any (msg:\"m\"; sid:14;)\n",
	"alert tcp any any -> any any (msg:\"m\"; content:\"other\"; sid:21;)\n"
	"alert http any any -> any any (msg:\"m\"; http.method; content:\"GET\"; "
	"http.uri; content:\"/x\"; http.request_body; content:\"b\"; sid:22;)\n",
};

/* Rules whose outcome does not depend on where a stream is cut. */
static const char stream_text[] =
	"alert tcp any any -> any any (msg:\"m\"; content:\"ab\"; content:\"cd\"; distance:0; "
	"sid:1;)\n"
	"alert tcp any any -> any any (msg:\"m\"; content:\"efg\"; sid:2;)\n"
	"alert tcp any any -> any any (msg:\"m\"; content:\"A\"; content:\"bcd\"; within:9; "
	"sid:3;)\n"
	"alert tcp any any -> any any (msg:\"m\"; pcre:\"/xy+z/\"; sid:4;)\n"
	"alert tcp any any -> any any (msg:\"m\"; content:\"|00 00 01|\"; sid:5;)\n";

struct fuzz_tx {
	struct ips_tx tx;
	struct {
		enum ips_buf_state st;
		const uint8_t *data;
		uint32_t len;
	} b[BUFS];
	uint64_t urilen;
};

struct world {
	struct ips_state *state;
	struct ips_ruleset *rs[2], *stream;
	struct ips_detect *d, *cut;
};

static const enum ips_buf names[BUFS] = {IPS_BUF_HTTP_URI, IPS_BUF_HTTP_HEADER,
	IPS_BUF_HTTP_REQUEST_BODY, IPS_BUF_HTTP_REQUEST_HEADER, IPS_BUF_HTTP_METHOD,
	IPS_BUF_HTTP_RESPONSE_BODY};

static enum ips_buf_state buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	struct fuzz_tx *t = (struct fuzz_tx *)tx;

	for (unsigned i = 0; i < BUFS; i++) {
		if (names[i] != buf)
			continue;
		if (t->b[i].st >= IPS_BUF_PART)
			*ret = (struct ips_buf_view){t->b[i].data, t->b[i].len, 0, false};
		if (buf == IPS_BUF_HTTP_REQUEST_HEADER && index > 3)
			return IPS_BUF_ABSENT;
		return t->b[i].st;
	}
	return IPS_BUF_ABSENT;
}

static bool number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	*ret = ((struct fuzz_tx *)tx)->urilen;
	return *ret && index == 0;
}

static const struct ips_proto http = {.id = IPS_P_HTTP1, .buffer = buffer, .number = number};

static struct ips_ruleset *compile(struct ips_state *state, const char *text)
{
	struct ips_rules *rules = ips_rules_new();
	struct ips_view none = {NULL, 0};
	struct ips_ruleset *rs = NULL;

	assert(rules && ips_rules_parse(rules, "fuzz", text, strlen(text)) == 0);
	assert(ips_rules_refused_count(rules) == 0);
	assert(ips_ruleset_compile(&rs, rules, NULL, state, none, NULL, NULL) == 0);
	return rs;
}

static const struct world *world(void)
{
	static const uint8_t seed[16] = {1};
	static struct world w;
	struct ips_detect_config cfg = {.inline_mode = true, .flows = 8, .mem_max = 1 << 16};
	struct ips_state_config sc;

	if (w.state)
		return &w;
	ips_state_config_default(&sc);
	w.state = ips_state_new(&sc, seed);
	for (int i = 0; i < 2; i++)
		w.rs[i] = compile(w.state, rule_text[i]);
	w.stream = compile(w.state, stream_text);
	w.d = ips_detect_new(&cfg, w.state, NULL);
	w.cut = ips_detect_new(&cfg, w.state, NULL);
	assert(w.d && w.cut && ips_detect_rules(w.cut, w.stream, NULL) == 0);
	return &w;
}

/* ---- one stream, whole and cut ----------------------------------------------------------- */

static uint32_t feed(
	struct ips_detect *d, const uint8_t *data, uint32_t at, uint32_t n, struct ips_flow *f)
{
	struct ips_raw raw = {data, at + n, n, 0, true, false, NULL, 0, 0};
	struct ips_packet p = {.family = 4, .proto = IPPROTO_TCP, .flow = f};
	const struct ips_alert *a;
	uint32_t sids = 0;
	unsigned k;

	p.flags = IPS_PKT_ESTABLISHED | IPS_PKT_STREAM;
	p.payload = (struct ips_view){data + at, n};
	k = ips_detect_packet(d, &p, &raw, &a);
	for (unsigned i = 0; i < k; i++)
		sids |= 1u << a[i].rule->sid;
	return sids;
}

static void stream_case(const struct world *w, struct sk_cursor *c)
{
	struct ips_flow f = {.id = 1, .family = 4, .proto = IPPROTO_TCP};
	uint8_t cuts[16];
	const uint8_t *data;
	uint32_t whole, pieces = 0, at = 0, n;

	for (int i = 0; i < 16; i++)
		cuts[i] = sk_cur_u8(c);
	n = (uint32_t)SK_MIN(sk_cur_left(c), (size_t)STREAM_MAX);
	data = sk_cur_take(c, n);
	if (!data || n == 0)
		return;
	whole = feed(w->cut, data, 0, n, &f);
	ips_detect_flow_gone(w->cut, &f);
	for (int i = 0; at < n; i++) {
		uint32_t k = SK_MIN(n - at, cuts[i % 16] % 64u + 1);

		pieces |= feed(w->cut, data, at, k, &f);
		at += k;
	}
	ips_detect_flow_gone(w->cut, &f);
	assert(whole == pieces);
}

/* ---- operations -------------------------------------------------------------------------- */

static void packet(const struct world *w, struct sk_cursor *c, struct ips_flow *f, uint8_t op)
{
	struct ips_packet p = {.family = 4, .proto = f->proto, .flow = f};
	uint8_t flags = sk_cur_u8(c), len = sk_cur_u8(c), tail = sk_cur_u8(c);
	const struct ips_alert *a;
	struct ips_raw raw = {0};
	const uint8_t *all = sk_cur_take(c, (size_t)len + tail);
	unsigned n;

	if (!all)
		return;
	p.dir = op & 1 ? IPS_TOCLIENT : IPS_TOSERVER;
	p.src = f->addr[p.dir];
	p.sport = f->port[p.dir];
	p.dport = f->port[!p.dir];
	p.flags = flags;
	p.payload = (struct ips_view){all + tail, len};
	raw = (struct ips_raw){
		all, (uint32_t)len + tail, len, flags * 7u, flags == 0, false, NULL, 0, 0};
	if (flags & 64 && f->proto == IPPROTO_TCP) {
		raw.seam = all;
		raw.seam_len = raw.len;
		raw.seam_old = tail;
		raw.data = all + tail;
		raw.len = len;
		raw.offset += tail;
	}
	n = ips_detect_packet(w->d, &p, f->proto == IPPROTO_TCP && len ? &raw : NULL, &a);
	assert(n <= IPS_ALERTS_MAX);
	for (unsigned i = 0; i < n; i++)
		assert(a[i].rule && a[i].rule->sid);
	if (flags & 128)
		assert(ips_detect_again(w->d, &p, NULL, &a) <= IPS_ALERTS_MAX);
}

static void change(struct fuzz_tx *t, struct sk_cursor *c, struct ips_flow *f)
{
	uint8_t what = sk_cur_u8(c), len = sk_cur_u8(c);
	const uint8_t *data = sk_cur_take(c, len);
	unsigned i = what % 8;
	enum ips_dir dir = i == 5 || i == 7 ? IPS_TOCLIENT : IPS_TOSERVER;

	if (!data)
		return;
	t->tx.started[dir] = t->tx.changed[dir] = true;
	if (i >= BUFS) {
		t->tx.complete[dir] = true;
	} else if (t->b[i].st != IPS_BUF_FULL && !t->tx.complete[dir]) {
		t->b[i].st = what & 64 ? IPS_BUF_PART : IPS_BUF_FULL;
		t->b[i].data = data;
		t->b[i].len = len;
	}
	if (what & 32)
		t->urilen = len;
}

static void tx_add(struct ips_flow *f, struct fuzz_tx *txs)
{
	struct fuzz_tx *t = &txs[f->app.tx_made];

	if (f->app.tx_made == TXS)
		return;
	t->tx.id = f->app.tx_made++;
	if (f->app.last)
		f->app.last->next = &t->tx;
	else
		f->app.first = &t->tx;
	f->app.last = &t->tx;
}

static void operations(const struct world *w, struct sk_cursor *c, uint8_t mode)
{
	struct ips_flow f = {.id = 1, .family = 4, .port = {40000, mode & 4 ? 80 : 53}};
	struct fuzz_tx txs[TXS] = {0};

	f.proto = mode & 2 ? IPPROTO_TCP : IPPROTO_UDP;
	f.addr[0].w[0] = mode & 8 ? 10 : 11;
	f.app.proto = &http;
	f.app.id = IPS_P_HTTP1;
	assert(ips_detect_rules(w->d, w->rs[0], NULL) == 0);
	while (sk_cur_left(c)) {
		uint8_t op = sk_cur_u8(c);

		if (op % 8 < 4)
			packet(w, c, &f, op);
		else if (op % 8 == 4)
			tx_add(&f, txs);
		else if (op % 8 == 7 && op > 240)
			assert(ips_detect_rules(w->d, w->rs[op & 8 ? 1 : 0], NULL) == 0);
		else if (f.app.tx_made)
			change(&txs[op / 8 % f.app.tx_made], c, &f);
	}
	for (struct ips_tx *tx = f.app.first; tx; tx = tx->next) {
		ips_detect_tx_gone(w->d, tx);
		assert(!tx->det[0] && !tx->det[1]);
	}
	ips_detect_flow_gone(w->d, &f);
	assert(!f.det && ips_detect_stats(w->d)->mem_used <= 1 << 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct world *w = world();
	struct sk_cursor c;
	uint8_t mode;

	sk_cur_init(&c, data, size);
	mode = sk_cur_u8(&c);
	ips_state_clear(w->state);
	if (mode & 1)
		stream_case(w, &c);
	else
		operations(w, &c, mode);
	return 0;
}
