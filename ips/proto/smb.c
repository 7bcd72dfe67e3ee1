/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMB's frame (NetBIOS session service or direct TCP, RFC 1002 4.3.1), its transactions and what is
 * common to both dialects.
 */
#include "ips/proto/smb.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ips/flow/flow.h"
#include "ips/proto/protos.h"
#include "lib/util.h"

#define SMB1_NEGOTIATE 0x72
#define RECORD_KEEP (128 * 1024) /* of one record; the rest is passed over */

static const char *const events[] = {"internal_error", "malformed_data", "record_overflow",
	"malformed_ntlmssp_request", "duplicate_negotiate", "file_overlap",
	"negotiate_malformed_dialects", NULL};

static bool open_state(struct ips_app *a, struct ips_app_ctx *c)
{
	a->state = ips_mem_alloc(c->mem, sizeof(struct smb_state));
	return a->state;
}

static void tx_free(struct ips_app *a, struct ips_tx *tx, struct ips_mem *m)
{
	struct smb_tx *t = (struct smb_tx *)tx;
	struct smb_state *s = a->state;

	for (unsigned i = 0; s && i < SMB_OPEN_MAX; i++) {
		for (unsigned d = 0; d < 2; d++)
			if (s->open[i].tx[d] == t)
				s->open[i].tx[d] = NULL;
		if (s->open[i].call == t)
			s->open[i].call = NULL;
	}
	dce_call_done(&t->call, m);
	ips_body_free(&t->body[0], m);
	ips_body_free(&t->body[1], m);
	ips_mem_free(m, t, sizeof(*t));
}

static void close_state(struct ips_app *a, struct ips_mem *m)
{
	struct smb_state *s = a->state;

	for (struct ips_tx *tx = a->first, *next; tx; tx = next) {
		next = tx->next;
		tx_free(a, tx, m);
	}
	if (!s)
		return;
	for (unsigned i = 0; i < SMB_OPEN_MAX; i++)
		dce_done(&s->open[i].assoc, m);
	ips_mem_free(m, s->record[0], s->cap[0]);
	ips_mem_free(m, s->record[1], s->cap[1]);
	ips_mem_free(m, s, sizeof(*s));
}

static struct smb_tx *new_tx(struct smb_state *s, uint8_t version, uint16_t command, uint64_t id)
{
	struct smb_tx *t = ips_mem_alloc(s->ctx->mem, sizeof(*t));

	if (!t)
		return NULL;
	t->version = version;
	t->command = command;
	t->id = id;
	dce_call_init(&t->call, s->ctx->cfg);
	ips_body_init(&t->body[0], s->ctx->cfg->body_limit[0]);
	ips_body_init(&t->body[1], s->ctx->cfg->body_limit[1]);
	ips_app_tx_add(s->app, &t->tx);
	return t;
}

struct smb_tx *smb_request(struct smb_state *s, uint8_t version, uint16_t command, uint64_t id)
{
	struct smb_tx *t = new_tx(s, version, command, id);

	if (!t)
		return NULL;
	t->tx.started[IPS_TOSERVER] = t->tx.changed[IPS_TOSERVER] = true;
	t->tx.complete[IPS_TOSERVER] = true;
	return t;
}

/* SMB 1's negotiation may be answered in SMB 2. */
static bool answers(const struct smb_tx *t, uint8_t version, uint16_t command, uint64_t id)
{
	if (version == 2 && t->version == 1)
		return command == 0 && t->command == SMB1_NEGOTIATE;
	return t->id == id && t->command == command && t->version == version;
}

struct smb_tx *smb_response(struct smb_state *s, uint8_t version, uint16_t command, uint64_t id)
{
	struct smb_tx *t = NULL;

	for (struct ips_tx *tx = s->app->first; tx && !t; tx = tx->next) {
		struct smb_tx *x = (struct smb_tx *)tx;

		if (answers(x, version, command, id) && !x->is_file && !tx->complete[IPS_TOCLIENT])
			t = x;
	}
	if (!t) {
		t = new_tx(s, version, command, id);
		if (!t)
			return NULL;
		t->tx.complete[IPS_TOSERVER] = true;
		t->tx.flags |= IPS_TX_SKIP_TOSERVER;
	}
	t->tx.started[IPS_TOCLIENT] = t->tx.changed[IPS_TOCLIENT] = true;
	t->tx.complete[IPS_TOCLIENT] = true;
	return t;
}

struct smb_open *smb_open_find(struct smb_state *s, const uint8_t fid[16])
{
	for (unsigned i = 0; i < SMB_OPEN_MAX; i++)
		if (s->open[i].used && memcmp(s->open[i].fid, fid, 16) == 0)
			return &s->open[i];
	return NULL;
}

static void end_file(struct smb_open *o)
{
	for (unsigned d = 0; d < 2; d++) {
		struct smb_tx *t = o->tx[d];

		if (!t)
			continue;
		ips_body_end(&t->body[d]);
		t->tx.complete[0] = t->tx.complete[1] = true;
		t->tx.changed[d] = true;
		o->tx[d] = NULL;
	}
	if (o->call) /* the rest of its call does not come */
		o->call->tx.complete[IPS_TOSERVER] = o->call->tx.changed[IPS_TOSERVER] = true;
	o->call = NULL;
}

static bool tree_is_pipe(const struct smb_state *s, uint32_t id)
{
	for (unsigned i = 0; i < SMB_TREE_MAX; i++)
		if (s->tree[i].used && s->tree[i].id == id)
			return s->tree[i].is_pipe;
	return false;
}

/* The oldest gives way: peers cannot make us remember more. */
struct smb_open *smb_open_new(struct smb_state *s, const uint8_t fid[16])
{
	struct smb_open *o = smb_open_find(s, fid);

	if (o)
		return o;
	o = &s->open[s->next_open++ % SMB_OPEN_MAX];
	end_file(o);
	dce_done(&o->assoc, s->ctx->mem);
	memset(o, 0, sizeof(*o));
	memcpy(o->fid, fid, 16);
	o->used = true;
	return o;
}

void smb_opened(struct smb_state *s, const struct smb_tx *t, const uint8_t fid[16], uint32_t tree)
{
	struct smb_open *o;

	smb_close(s, fid); /* the id is used again, its closing was not seen */
	o = smb_open_new(s, fid);
	memcpy(o->name, t->file, t->file_len);
	o->name_len = t->file_len;
	o->is_pipe = tree_is_pipe(s, tree);
}

void smb_close(struct smb_state *s, const uint8_t fid[16])
{
	struct smb_open *o = smb_open_find(s, fid);

	if (!o)
		return;
	end_file(o);
	dce_done(&o->assoc, s->ctx->mem);
	memset(o, 0, sizeof(*o));
}

/* A call in a message of its own transaction; its later fragments come in other messages, and one
 * message may hold several calls. */
static struct dce_call *on_call(uint32_t id, enum ips_dir dir, bool first, void *arg)
{
	struct smb_state *s = arg;
	struct smb_tx *open = s->pipe->call, *t;

	if (dir == IPS_TOSERVER && !first && open && open->call.id == id &&
		!open->tx.complete[dir]) {
		open->tx.changed[dir] = true;
		return &open->call;
	}
	if (dir == IPS_TOSERVER && (s->cur->call.is_call || s->cur->call.is_bind)) {
		t = smb_request(s, s->cur->version, s->cur->command, s->cur->id);
		if (!t)
			return NULL;
		t->tx.complete[IPS_TOCLIENT] = true;
		t->tx.flags |= IPS_TX_SKIP_TOCLIENT;
		s->cur = t;
	}
	s->cur->call.id = id;
	s->cur->tx.changed[dir] = true;
	return &s->cur->call;
}

static struct smb_tx *tx_of(struct dce_call *c)
{
	return (struct smb_tx *)((char *)c - offsetof(struct smb_tx, call));
}

static void on_done(struct dce_call *c, enum ips_dir dir, void *arg)
{
	struct smb_state *s = arg;
	struct smb_tx *t = tx_of(c);

	t->tx.complete[dir] = t->tx.changed[dir] = true;
	if (dir == IPS_TOSERVER && s->pipe->call == t)
		s->pipe->call = NULL;
}

/* After the bytes of a message: does its call go on in the next one? */
static void call_waits(struct smb_state *s)
{
	struct smb_tx *t = s->cur;

	if (!t->call.is_call || t->call.stub[IPS_TOSERVER].done || s->pipe->call == t)
		return;
	if (s->pipe->call)
		s->pipe->call->tx.complete[IPS_TOSERVER] = true;
	s->pipe->call = t;
	t->tx.complete[IPS_TOSERVER] = false;
}

static void on_event(enum dce_event e, void *arg)
{
	struct smb_state *s = arg;

	ips_tx_event(s->app, &s->cur->tx, SMB_EV_MALFORMED_DATA);
}

/* The file's own transaction is what is logged, once for all messages. */
static void file_bytes(struct smb_state *s, struct smb_tx *t, struct smb_open *o, enum ips_dir dir,
	struct smb_piece b)
{
	struct smb_tx *f = o->tx[dir];

	t->tx.flags |= IPS_TX_LOGGED;
	if (!f || f->tx.complete[dir]) {
		f = o->tx[dir] = new_tx(s, t->version, t->command, t->id);
		if (!f)
			return;
		f->is_file = true;
		memcpy(f->file, o->name, o->name_len);
		f->file_len = o->name_len;
		f->tx.started[dir] = true;
		f->tx.complete[!dir] = true;
		f->tx.flags |= dir == IPS_TOSERVER ? IPS_TX_SKIP_TOCLIENT : IPS_TX_SKIP_TOSERVER;
	}
	ips_body_add(&f->body[dir], s->ctx->mem, b.p, b.n);
	if (b.whole > b.n)
		ips_body_gap(&f->body[dir], b.whole - b.n);
	f->tx.changed[dir] = true;
}

void smb_bytes(struct smb_state *s, struct smb_tx *t, const uint8_t fid[16], enum ips_dir dir,
	struct smb_piece b)
{
	struct smb_open *o;
	struct dce_ops ops = {.call = on_call, .done = on_done, .event = on_event, .arg = s};

	if (!b.p || !b.n)
		return;
	o = smb_open_new(s, fid);
	if (!o->is_pipe && !o->tx[dir] && b.n >= DCE_HEADER && dce_looks_like(b.p) && !o->name_len)
		o->is_pipe = true; /* opened before we looked */
	if (!o->is_pipe) {
		file_bytes(s, t, o, dir, b);
		return;
	}
	s->cur = t;
	s->pipe = o;
	dce_feed(&o->assoc, s->ctx->mem, dir, b.p, b.n, &ops);
	if (dir == IPS_TOSERVER)
		call_waits(s);
}

uint16_t smb_text(char dst[SMB_TEXT], const uint8_t *p, uint32_t n, bool unicode)
{
	uint16_t k = 0;

	if (!p)
		return 0;
	for (uint32_t i = 0; i + (unicode ? 1 : 0) < n && k < SMB_TEXT - 1; i += unicode ? 2 : 1) {
		if (p[i] == 0 && (!unicode || p[i + 1] == 0))
			break;
		dst[k++] = unicode && p[i + 1] ? '?' : (char)p[i];
	}
	dst[k] = '\0';
	return k;
}

void smb_tree(struct smb_tx *t, const uint8_t *p, uint32_t n, bool unicode)
{
	char text[SMB_TEXT];
	uint16_t k = smb_text(text, p, n, unicode);

	t->tree_is_pipe = k >= 4 && strcasecmp(text + k - 4, "IPC$") == 0;
	memcpy(t->tree_is_pipe ? t->pipe : t->share, text, k);
	if (t->tree_is_pipe)
		t->pipe_len = k;
	else
		t->share_len = k;
}

void smb_tree_connected(struct smb_state *s, const struct smb_tx *t, uint32_t id)
{
	struct smb_tree *x = NULL;

	for (unsigned i = 0; i < SMB_TREE_MAX && !x; i++)
		if (s->tree[i].used && s->tree[i].id == id)
			x = &s->tree[i];
	if (!x)
		x = &s->tree[s->next_tree++ % SMB_TREE_MAX];
	*x = (struct smb_tree){.id = id, .used = true, .is_pipe = t->tree_is_pipe};
}

static uint32_t le(const uint8_t *p, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = bytes; i--;)
		v = v << 8 | p[i];
	return v;
}

/* A security buffer of the message: length at p, offset at p + 4. */
static struct ips_view field(const uint8_t *msg, uint32_t n, uint32_t at)
{
	uint32_t len = le(msg + at, 2), off = le(msg + at + 4, 4);

	if (off > n || len > n - off)
		return (struct ips_view){NULL, 0};
	return (struct ips_view){msg + off, len};
}

void smb_ntlmssp(struct smb_state *s, struct smb_tx *t, const uint8_t *p, uint32_t n)
{
	const uint8_t *m = n >= 12 ? memmem(p, n, "NTLMSSP", 8) : NULL;
	struct ips_view domain, user;
	uint32_t left;
	bool unicode;

	if (!m)
		return;
	left = n - (uint32_t)(m - p);
	if (left < 12 || le(m + 8, 4) != 3)
		return;
	if (left < 64) {
		ips_tx_event(s->app, &t->tx, SMB_EV_MALFORMED_NTLMSSP_REQUEST);
		return;
	}
	unicode = le(m + 60, 4) & 1;
	domain = field(m, left, 28);
	user = field(m, left, 36);
	t->domain_len = smb_text(t->domain, domain.data, domain.len, unicode);
	t->user_len = smb_text(t->user, user.data, user.len, unicode);
}

/* ---- frames ---- */

static void record(struct smb_state *s, enum ips_dir dir, const uint8_t *p, uint32_t n)
{
	if (n >= 64 && memcmp(p, "\xfeSMB", 4) == 0)
		smb2_message(s, dir, p, n);
	else if (n >= 32 && memcmp(p, "\xffSMB", 4) == 0)
		smb1_message(s, dir, p, n);
	else if (n >= 4 && memcmp(p, "\xfdSMB", 4) != 0 && memcmp(p, "\xfcSMB", 4) != 0)
		/* neither encrypted nor compressed, where there is nothing to see */
		ips_tx_event(s->app, NULL, SMB_EV_MALFORMED_DATA);
}

static bool keep(struct smb_state *s, enum ips_dir dir, const uint8_t *p, uint32_t n)
{
	uint32_t need = s->len[dir] + n;

	if (need > s->cap[dir]) {
		uint32_t cap = SK_MAX(need, SK_MIN(2 * s->cap[dir], RECORD_KEEP + 4u));
		void *q = ips_mem_grow(s->ctx->mem, s->record[dir], s->cap[dir], cap);

		if (!q)
			return false;
		s->record[dir] = q;
		s->cap[dir] = cap;
	}
	memcpy(s->record[dir] + s->len[dir], p, n);
	s->len[dir] = need;
	return true;
}

static uint32_t record_len(const uint8_t *p)
{
	return (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void frames(struct smb_state *s, enum ips_dir dir, const uint8_t *p, uint32_t n)
{
	while (n && !s->lost[dir]) {
		uint32_t take = SK_MIN(n, s->skip[dir]), want = 4;

		s->skip[dir] -= take;
		p += take;
		n -= take;
		if (!n)
			return;
		if (s->len[dir] >= 4) {
			want = 4 + SK_MIN(record_len(s->record[dir]), RECORD_KEEP);
			if (s->record[dir][0] > 0x85 ||
				(s->record[dir][0] && s->record[dir][0] < 0x81)) {
				ips_tx_event(s->app, NULL, SMB_EV_MALFORMED_DATA);
				s->lost[dir] = true;
				return;
			}
		}
		take = SK_MIN(n, want - s->len[dir]);
		if (!keep(s, dir, p, take)) {
			ips_tx_event(s->app, NULL, SMB_EV_RECORD_OVERFLOW);
			s->lost[dir] = true;
			return;
		}
		p += take;
		n -= take;
		if (s->len[dir] < 4 ||
			s->len[dir] < 4 + SK_MIN(record_len(s->record[dir]), RECORD_KEEP))
			continue;
		want = record_len(s->record[dir]);
		if (want > RECORD_KEEP)
			s->skip[dir] = want - RECORD_KEEP;
		if (s->record[dir][0] == 0 && want)
			record(s, dir, s->record[dir] + 4, s->len[dir] - 4);
		s->len[dir] = 0;
	}
}

/* After lost bytes: pieces of records and PDUs are worth nothing. */
static void forget_pieces(struct smb_state *s, enum ips_dir dir)
{
	s->len[dir] = s->skip[dir] = 0;
	s->gap[dir] = true;
	for (unsigned i = 0; i < SMB_OPEN_MAX; i++)
		s->open[i].assoc.len[dir] = 0;
}

/* Is this where a record begins? Messages mostly begin segments. */
static bool resync(struct smb_state *s, enum ips_dir dir, const uint8_t *p, uint32_t n)
{
	if (!s->gap[dir])
		return true;
	if (n < 8 || p[0] != 0 || (p[4] != 0xff && p[4] != 0xfe) || memcmp(p + 5, "SMB", 3) != 0)
		return false;
	s->gap[dir] = false;
	return true;
}

static void smb_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len, bool eof)
{
	struct smb_state *s = a->state;

	s->app = a;
	s->ctx = c;
	if (data && len) {
		if (resync(s, dir, data, len))
			frames(s, dir, data, len);
	} else if (len && len <= s->skip[dir]) { /* a gap in what is passed over anyway */
		s->skip[dir] -= len;
	} else if (len) {
		forget_pieces(s, dir);
	}
	if (!eof)
		return;
	for (struct ips_tx *tx = a->first; tx; tx = tx->next) {
		ips_body_end(&((struct smb_tx *)tx)->body[dir]);
		tx->complete[dir] = tx->changed[dir] = true;
	}
}

static enum ips_buf_state text(const char *p, uint16_t n, bool over, struct ips_buf_view *ret)
{
	if (!n)
		return over ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
	*ret = (struct ips_buf_view){.data = (const uint8_t *)p, .len = n};
	return IPS_BUF_FULL;
}

static enum ips_buf_state smb_buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	const struct smb_tx *t = (const struct smb_tx *)tx;
	bool over = tx->complete[dir];

	if (index)
		return IPS_BUF_ABSENT;
	switch (buf) {
	case IPS_BUF_SMB_SHARE: return text(t->share, t->share_len, over, ret);
	case IPS_BUF_SMB_NAMED_PIPE: return text(t->pipe, t->pipe_len, over, ret);
	case IPS_BUF_SMB_NTLMSSP_USER: return text(t->user, t->user_len, over, ret);
	case IPS_BUF_SMB_NTLMSSP_DOMAIN: return text(t->domain, t->domain_len, over, ret);
	case IPS_BUF_FILE_NAME:
		return t->is_file ? text(t->file, t->file_len, over, ret) : IPS_BUF_ABSENT;
	case IPS_BUF_FILE_DATA:
		if (!t->is_file)
			return IPS_BUF_ABSENT;
		return ips_body_view_of(&t->body[dir], over, ret);
	default: return dce_buffer(&t->call, buf, dir, index, over, ret);
	}
}

static bool smb_number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	const struct smb_tx *t = (const struct smb_tx *)tx;

	if (index)
		return false;
	if (num == IPS_NUM_FILE_SIZE) {
		*ret = t->body[dir].total;
		return t->is_file && t->body[dir].done;
	}
	return dce_number(&t->call, num, ret);
}

static void smb_log(struct ips_app *a, struct ips_tx *tx, struct ips_json *j)
{
	const struct smb_tx *t = (const struct smb_tx *)tx;
	char number[12];

	snprintf(number, sizeof(number), "%u", t->command);
	ips_json_str(j, "dialect", t->version == 1 ? "1" : "2+");
	ips_json_str(j, "command", number);
	if (t->share_len)
		ips_json_bytes(j, "share", t->share, t->share_len);
	if (t->pipe_len)
		ips_json_bytes(j, "named_pipe", t->pipe, t->pipe_len);
	if (t->file_len)
		ips_json_bytes(j, "filename", t->file, t->file_len);
	if (t->user_len) {
		ips_json_open(j, "ntlmssp");
		ips_json_bytes(j, "domain", t->domain, t->domain_len);
		ips_json_bytes(j, "user", t->user, t->user_len);
		ips_json_close(j);
	}
	if (t->status) {
		snprintf(number, sizeof(number), "0x%08x", t->status);
		ips_json_str(j, "status_code", number);
	}
	if (t->call.is_call || t->call.is_bind) {
		ips_json_open(j, "dcerpc");
		dce_log(&t->call, j);
		ips_json_close(j);
	}
}

const struct ips_proto ips_smb_proto = {
	.id = IPS_P_SMB,
	.open = open_state,
	.close = close_state,
	.data = smb_data,
	.tx_free = tx_free,
	.buffer = smb_buffer,
	.number = smb_number,
	.log = smb_log,
	.log_when_complete = true,
	.events = events,
};

static enum ips_probe probe(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	if (len && p[0] != 0 && !(p[0] >= 0x81 && p[0] <= 0x85))
		return IPS_PROBE_NO;
	if (len && p[0] && !port)
		return IPS_PROBE_NO;
	if (len < 4)
		return IPS_PROBE_MORE;
	if (p[0]) /* NetBIOS session request or its answer, on its port: SMB follows */
		return record_len(p) <= 68 ? IPS_PROBE_YES : IPS_PROBE_NO;
	if (len < 8)
		return IPS_PROBE_MORE;
	return (p[4] == 0xff || p[4] == 0xfe) && memcmp(p + 5, "SMB", 3) == 0 ? IPS_PROBE_YES
									      : IPS_PROBE_NO;
}

const struct ips_probe_row ips_smb_probes[] = {
	{IPS_P_SMB, IPPROTO_TCP, IPS_BUF_BOTH, {445, 139}, probe},
	{0},
};
