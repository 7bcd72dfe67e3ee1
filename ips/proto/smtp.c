/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMTP (RFC 5321, 3030, 3207): commands, replies, and the mail itself, whose attachments are files.
 * A transaction is one mail with the commands that led to it.
 */
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "ips/flow/flow.h"
#include "ips/proto/mime.h"
#include "ips/proto/protos.h"
#include "lib/util.h"

#define LINE_CAP 4096
#define FIELD 320
#define RCPT_MAX 128   /* recipients of a mail that are kept; then an event */
#define PENDING_MAX 64 /* commands whose replies are due */

enum smtp_event {
	SMTP_EV_INVALID_REPLY,
	SMTP_EV_UNABLE_TO_MATCH_REPLY,
	SMTP_EV_MAX_COMMAND_LINE,
	SMTP_EV_MAX_REPLY_LINE,
	SMTP_EV_INVALID_PIPELINED,
	SMTP_EV_BDAT_CHUNK_LEN,
	SMTP_EV_NO_SERVER_WELCOME,
	SMTP_EV_TLS_REJECTED,
	SMTP_EV_DATA_REJECTED,
	SMTP_EV_MIME_LONG_HEADER,
	SMTP_EV_MIME_LONG_BOUNDARY,
	SMTP_EV_MIME_INVALID_BASE64,
	SMTP_EV_MIME_INVALID_QP,
	SMTP_EV_MIME_TOO_DEEP,
	SMTP_EV_DUPLICATE_FIELDS,
	SMTP_EV_TOO_MANY_RECIPIENTS,
};
static const char *const events[] = {"invalid_reply", "unable_to_match_reply_with_request",
	"max_command_line_len_exceeded", "max_reply_line_len_exceeded",
	"invalid_pipelined_sequence", "bdat_chunk_len_exceeded", "no_server_welcome_message",
	"tls_rejected", "data_command_rejected", "mime_long_header_value", "mime_long_boundary",
	"mime_invalid_base64", "mime_invalid_qp", "mime_too_deep", "duplicate_fields",
	"too_many_recipients", NULL};

struct smtp_tx {
	struct ips_tx tx;
	char helo[FIELD], from[FIELD];
	char *rcpt[RCPT_MAX];
	uint16_t helo_len, from_len, rcpt_len[RCPT_MAX];
	uint32_t rcpts;
	struct ips_files files;
	struct mime *mime; /* while its message goes by */
	char *shown[3];    /* From, To, Subject, for the event */
};

enum command { CMD_OTHER, CMD_DATA, CMD_STARTTLS, CMD_RSET, CMD_QUIT };

struct smtp_state {
	uint8_t line[2][LINE_CAP];
	uint32_t len[2];
	bool overlong[2];
	char helo[FIELD];
	uint16_t helo_len;
	bool in_data, data_wanted, welcome;
	bool mail_over; /* just now; if it did not come in chunks, no reply since */
	bool lost[2];   /* up to the next line end: a line too long */
	bool gap;       /* replies cannot be matched for sure any more */
	uint32_t bdat_left;
	bool bdat, bdat_last;
	uint8_t pending[PENDING_MAX];
	uint32_t pending_first, pending_n;
	struct smtp_tx *cur;
};

static bool smtp_open(struct ips_app *a, struct ips_app_ctx *c)
{
	a->state = ips_mem_alloc(c->mem, sizeof(struct smtp_state));
	return a->state;
}

static void forget_mime(struct smtp_tx *t, struct ips_mem *m)
{
	ips_mem_free(m, t->mime, sizeof(*t->mime));
	t->mime = NULL;
}

static void smtp_tx_free(struct ips_app *a, struct ips_tx *tx, struct ips_mem *m)
{
	struct smtp_tx *t = (struct smtp_tx *)tx;
	struct smtp_state *s = a->state;

	forget_mime(t, m);
	for (unsigned i = 0; i < 3; i++)
		if (t->shown[i])
			ips_mem_free(m, t->shown[i], strlen(t->shown[i]) + 1);
	for (unsigned i = 0; i < t->rcpts; i++)
		ips_mem_free(m, t->rcpt[i], t->rcpt_len[i] + 1u);
	ips_files_free(&t->files, m);
	if (s && s->cur == t)
		s->cur = NULL;
	ips_mem_free(m, t, sizeof(*t));
}

static void smtp_close(struct ips_app *a, struct ips_mem *m)
{
	for (struct ips_tx *tx = a->first, *next; tx; tx = next) {
		next = tx->next;
		smtp_tx_free(a, tx, m);
	}
	ips_mem_free(m, a->state, sizeof(struct smtp_state));
}

static struct smtp_tx *current(struct ips_app *a, struct ips_app_ctx *c)
{
	struct smtp_state *s = a->state;

	if (!s->cur) {
		s->cur = ips_mem_alloc(c->mem, sizeof(*s->cur));
		if (s->cur) {
			ips_app_tx_add(a, &s->cur->tx);
			s->cur->tx.started[0] = s->cur->tx.started[1] = true;
			memcpy(s->cur->helo, s->helo, s->helo_len);
			s->cur->helo_len = s->helo_len;
		}
	}
	return s->cur;
}

/* Nothing of the mail will change any more; its replies tell nothing that rules ask for. */
static void tx_done(struct smtp_state *s)
{
	if (!s->cur)
		return;
	for (int dir = 0; dir < 2; dir++)
		s->cur->tx.complete[dir] = s->cur->tx.changed[dir] = true;
	s->cur = NULL;
	s->mail_over = true;
}

static void expect_reply(struct ips_app *a, struct smtp_state *s, enum command cmd)
{
	if (s->pending_n == PENDING_MAX) {
		ips_tx_event(a, s->cur ? &s->cur->tx : NULL, SMTP_EV_INVALID_PIPELINED);
		return;
	}
	s->pending[(s->pending_first + s->pending_n++) % PENDING_MAX] = (uint8_t)cmd;
}

static uint16_t copy(char *dst, const uint8_t *p, uint32_t n)
{
	n = SK_MIN(n, FIELD - 1u);
	memcpy(dst, p, n);
	dst[n] = '\0';
	return (uint16_t)n;
}

static bool word(const uint8_t *p, uint32_t len, const char *w)
{
	size_t n = strlen(w);

	return len >= n && strncasecmp((const char *)p, w, n) == 0;
}

/* "MAIL FROM:<a@b> SIZE=1" : what stands after the colon up to the next blank. */
static void path(const uint8_t *p, uint32_t len, const uint8_t **ret, uint32_t *ret_len)
{
	const uint8_t *colon = memchr(p, ':', len), *end;
	uint32_t left;

	*ret = p;
	*ret_len = 0;
	if (!colon)
		return;
	colon++;
	left = len - (uint32_t)(colon - p);
	while (left && *colon == ' ') {
		colon++;
		left--;
	}
	end = memchr(colon, ' ', left);
	*ret = colon;
	*ret_len = end ? (uint32_t)(end - colon) : left;
}

static void mail_begins(struct smtp_tx *t, struct ips_app_ctx *c)
{
	if (!t || t->mime)
		return;
	t->mime = ips_mem_alloc(c->mem, sizeof(*t->mime));
	if (t->mime)
		mime_begin(t->mime, &t->files, c->cfg->body_limit[IPS_TOSERVER]);
}

static char *shown(struct ips_mem *m, const char *text)
{
	size_t n = strlen(text) + 1;
	char *p = n > 1 ? ips_mem_alloc(m, n) : NULL;

	if (p)
		memcpy(p, text, n);
	return p;
}

static void mime_events(struct ips_app *a, struct smtp_tx *t)
{
	for (unsigned i = 0; i < 5; i++)
		if (t->mime->flags >> i & 1)
			ips_tx_event(a, &t->tx, SMTP_EV_MIME_LONG_HEADER + i);
}

static void mail_ends(struct ips_app *a, struct ips_app_ctx *c)
{
	struct smtp_state *s = a->state;
	struct smtp_tx *t = s->cur;

	s->in_data = false;
	if (!t)
		return;
	if (t->mime) {
		mime_end(t->mime, c->mem);
		mime_events(a, t);
		t->shown[0] = shown(c->mem, t->mime->from);
		t->shown[1] = shown(c->mem, t->mime->to);
		t->shown[2] = shown(c->mem, t->mime->subject);
		forget_mime(t, c->mem);
	}
	tx_done(s);
}

/* A line of the mail, or a piece of one that is too long. */
static void mail_line(
	struct ips_app *a, struct ips_app_ctx *c, const uint8_t *p, uint32_t len, bool ended)
{
	struct smtp_state *s = a->state;
	struct smtp_tx *t = s->cur;

	if (len && p[0] == '.' && !s->overlong[IPS_TOSERVER]) { /* RFC 5321, 4.5.2 */
		p++;
		len--;
	}
	if (t && t->mime && mime_piece(t->mime, c->mem, p, len, ended))
		t->tx.changed[IPS_TOSERVER] = true;
}

static uint32_t number(const uint8_t *p, uint32_t len)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < len && p[i] >= '0' && p[i] <= '9'; i++)
		if ((v = v * 10 + (p[i] - '0')) > UINT32_MAX)
			return UINT32_MAX;
	return (uint32_t)v;
}

static void bdat(struct ips_app *a, struct ips_app_ctx *c, const uint8_t *p, uint32_t len)
{
	struct smtp_state *s = a->state;
	struct smtp_tx *t = s->cur;

	s->bdat_left = number(p + 5, len > 5 ? len - 5 : 0);
	s->bdat_last = len > 4 && word(p + len - 4, 4, "LAST");
	expect_reply(a, s, CMD_OTHER);
	if (s->bdat_left == UINT32_MAX) { /* no server takes that: the next line is a command */
		s->bdat_left = 0;
		ips_tx_event(a, t ? &t->tx : NULL, SMTP_EV_BDAT_CHUNK_LEN);
		return;
	}
	mail_begins(t, c);
	s->bdat = s->bdat_left > 0;
	if (!s->bdat && s->bdat_last)
		mail_ends(a, c);
}

static void recipient(
	struct ips_app *a, struct ips_app_ctx *c, struct smtp_tx *t, const uint8_t *p, uint32_t len)
{
	const uint8_t *v;
	uint32_t n;
	char *kept = NULL;

	path(p, len, &v, &n);
	n = SK_MIN(n, FIELD - 1u);
	if (t->rcpts < RCPT_MAX)
		kept = ips_mem_alloc(c->mem, n + 1);
	if (!kept) {
		ips_tx_event(a, &t->tx, SMTP_EV_TOO_MANY_RECIPIENTS);
		return;
	}
	t->rcpt_len[t->rcpts] = copy(kept, v, n);
	t->rcpt[t->rcpts++] = kept;
}

/* A second sender: the mail before was refused or given up. */
static struct smtp_tx *sender(
	struct ips_app *a, struct ips_app_ctx *c, struct smtp_tx *t, const uint8_t *p, uint32_t len)
{
	const uint8_t *v;
	uint32_t n;

	if (t->from_len) {
		ips_tx_event(a, &t->tx, SMTP_EV_DUPLICATE_FIELDS);
		tx_done(a->state);
		t = current(a, c);
	}
	path(p, len, &v, &n);
	if (t)
		t->from_len = copy(t->from, v, n);
	return t;
}

static void hello(struct ips_app *a, struct smtp_tx *t, const uint8_t *p, uint32_t len)
{
	struct smtp_state *s = a->state;

	s->helo_len = copy(s->helo, p + 5, len - 5);
	if (t->helo_len) { /* what rules have seen stays */
		ips_tx_event(a, &t->tx, SMTP_EV_DUPLICATE_FIELDS);
		return;
	}
	memcpy(t->helo, s->helo, s->helo_len);
	t->helo_len = s->helo_len;
}

/* After a mail: commands that begin no new transaction. */
static bool goes_on(const struct smtp_state *s, uint64_t made, const uint8_t *p, uint32_t len)
{
	if (s->cur || made == 0)
		return true;
	return !word(p, len, "RSET") && !(s->mail_over && word(p, len, "QUIT"));
}

static void command(struct ips_app *a, struct ips_app_ctx *c, const uint8_t *p, uint32_t len)
{
	struct smtp_state *s = a->state;
	struct smtp_tx *t = goes_on(s, a->tx_made, p, len) ? current(a, c) : NULL;
	enum command cmd = CMD_OTHER;

	if (t && word(p, len, "BDAT ")) {
		bdat(a, c, p, len);
		return;
	}
	if (t && (word(p, len, "HELO ") || word(p, len, "EHLO "))) {
		hello(a, t, p, len);
	} else if (t && word(p, len, "MAIL FROM")) {
		t = sender(a, c, t, p, len);
	} else if (t && word(p, len, "RCPT TO")) {
		recipient(a, c, t, p, len);
	} else if (word(p, len, "DATA") && len == 4) {
		cmd = CMD_DATA;
		s->data_wanted = true;
		s->bdat_last = false;
	} else if (word(p, len, "STARTTLS")) {
		cmd = CMD_STARTTLS;
	} else if (word(p, len, "QUIT")) {
		cmd = CMD_QUIT;
	} else if (word(p, len, "RSET")) {
		cmd = CMD_RSET;
	}
	if (t) {
		t->tx.changed[IPS_TOSERVER] = true;
		if (!s->welcome && !s->gap)
			ips_tx_event(a, &t->tx, SMTP_EV_NO_SERVER_WELCOME);
	}
	expect_reply(a, s, cmd);
}

/* The answer to DATA. The mail may be under way or even over, not having waited for it. */
static void data_answered(struct ips_app *a, struct ips_app_ctx *c, unsigned code)
{
	struct smtp_state *s = a->state;

	if (code == 354) {
		if (s->data_wanted) {
			s->in_data = true;
			mail_begins(current(a, c), c);
		}
	} else if (code >= 400) {
		ips_tx_event(a, s->cur ? &s->cur->tx : NULL, SMTP_EV_DATA_REJECTED);
		s->in_data = false;
		if (s->cur && s->cur->mime) {
			mime_end(s->cur->mime, c->mem);
			forget_mime(s->cur, c->mem);
		}
	}
	s->data_wanted = false;
}

static void reply_to(struct ips_app *a, struct ips_app_ctx *c, enum command cmd, unsigned code)
{
	struct smtp_state *s = a->state;
	struct ips_tx *tx = s->cur ? &s->cur->tx : NULL;

	switch (cmd) {
	case CMD_DATA: data_answered(a, c, code); break;
	case CMD_STARTTLS:
		if (code == 220) {
			a->flags |= IPS_APP_CHANGED;
			a->expected = IPS_P_TLS;
		} else {
			ips_tx_event(a, tx, SMTP_EV_TLS_REJECTED);
		}
		break;
	case CMD_RSET:
	case CMD_QUIT:
		if (code < 400)
			tx_done(s);
		break;
	default: break;
	}
}

/* A reply to nothing that was seen. */
static void surplus(struct ips_app *a, struct ips_app_ctx *c, struct smtp_tx *t, unsigned code)
{
	struct smtp_state *s = a->state;

	if (!s->gap) {
		if (code != 421)
			ips_tx_event(a, t ? &t->tx : NULL, SMTP_EV_UNABLE_TO_MATCH_REPLY);
	} else if (s->in_data) {
		mail_ends(a, c); /* its last line was lost */
	} else if (code == 354) {
		s->data_wanted = true;
		data_answered(a, c, code);
	}
}

static void reply(struct ips_app *a, struct ips_app_ctx *c, const uint8_t *p, uint32_t len)
{
	struct smtp_state *s = a->state;
	struct smtp_tx *t = a->tx_made ? s->cur : current(a, c);
	enum command cmd;
	unsigned code = number(p, SK_MIN(len, 3u));

	s->mail_over = s->mail_over && s->bdat_last;
	if (t)
		t->tx.changed[IPS_TOCLIENT] = true;
	if (len < 3 || code < 100 || code > 599) {
		ips_tx_event(a, t ? &t->tx : NULL, SMTP_EV_INVALID_REPLY);
		return;
	}
	if (len > 3 && p[3] == '-')
		return;
	if (!s->welcome) {
		s->welcome = true;
		if (code == 220 || code == 554)
			return;
	}
	if (s->pending_n == 0) {
		surplus(a, c, t, code);
		return;
	}
	cmd = s->pending[s->pending_first];
	s->pending_first = (s->pending_first + 1) % PENDING_MAX;
	s->pending_n--;
	reply_to(a, c, cmd, code);
}

/* Is the client sending its mail? It may do so without waiting for 354. */
static bool in_mail(struct ips_app *a, struct ips_app_ctx *c)
{
	struct smtp_state *s = a->state;

	if (!s->in_data && s->data_wanted) {
		s->in_data = true;
		s->data_wanted = false;
		mail_begins(current(a, c), c);
	}
	return s->in_data;
}

static void whole_line(
	struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir, const uint8_t *p, uint32_t len)
{
	struct smtp_state *s = a->state;

	while (len && (p[len - 1] == '\r' || p[len - 1] == '\n'))
		len--;
	if (dir == IPS_TOCLIENT) {
		reply(a, c, p, len);
		return;
	}
	if (!in_mail(a, c)) {
		if (len)
			command(a, c, p, len);
		return;
	}
	if (len == 1 && p[0] == '.' && !s->overlong[dir]) {
		mail_ends(a, c);
		expect_reply(a, s, CMD_OTHER);
		return;
	}
	mail_line(a, c, p, len, true);
}

/* LINE_CAP bytes and no end: a mail's line goes on, a command or reply is cut. */
static void endless(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir)
{
	struct smtp_state *s = a->state;

	s->len[dir] = 0;
	if (dir == IPS_TOSERVER && in_mail(a, c)) {
		mail_line(a, c, s->line[dir], LINE_CAP, false);
		s->overlong[dir] = true;
		return;
	}
	ips_tx_event(a, s->cur ? &s->cur->tx : NULL,
		dir == IPS_TOSERVER ? SMTP_EV_MAX_COMMAND_LINE : SMTP_EV_MAX_REPLY_LINE);
	s->lost[dir] = true;
	whole_line(a, c, dir, s->line[dir], LINE_CAP);
}

/* One line or a piece of it; returns bytes taken. */
static uint32_t take_line(
	struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir, const uint8_t *p, uint32_t len)
{
	struct smtp_state *s = a->state;
	const uint8_t *lf = memchr(p, '\n', len);
	uint32_t n = lf ? (uint32_t)(lf - p) + 1 : len, fits;

	if (s->lost[dir]) {
		s->lost[dir] = !lf;
		return n;
	}
	if (lf && s->len[dir] == 0 && n < LINE_CAP) {
		whole_line(a, c, dir, p, n);
		s->overlong[dir] = false;
		return n;
	}
	fits = SK_MIN(n, LINE_CAP - s->len[dir]);
	memcpy(s->line[dir] + s->len[dir], p, fits);
	s->len[dir] += fits;
	if (lf && fits == n) {
		uint32_t all = s->len[dir];

		s->len[dir] = 0;
		whole_line(a, c, dir, s->line[dir], all);
		s->overlong[dir] = false;
	} else if (s->len[dir] == LINE_CAP) {
		endless(a, c, dir);
	}
	return fits;
}

/* Bytes of a BDAT chunk: lines without dot-stuffing. Returns bytes taken. */
static uint32_t take_chunk(struct ips_app *a, struct ips_app_ctx *c, const uint8_t *p, uint32_t len)
{
	struct smtp_state *s = a->state;
	uint32_t n = SK_MIN(len, s->bdat_left);

	if (s->cur && s->cur->mime && mime_bytes(s->cur->mime, c->mem, p, n))
		s->cur->tx.changed[IPS_TOSERVER] = true;
	s->bdat_left -= n;
	if (s->bdat_left == 0) {
		s->bdat = false;
		if (s->bdat_last)
			mail_ends(a, c);
	}
	return n;
}

static void ended(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir)
{
	struct smtp_state *s = a->state;

	if (dir == IPS_TOSERVER && s->cur && s->cur->mime)
		mail_ends(a, c);
	for (struct ips_tx *tx = a->first; tx; tx = tx->next)
		tx->complete[dir] = tx->changed[dir] = true;
}

/* On with the next line; which reply belongs to what is not sure any more. */
static void lost_bytes(struct smtp_state *s, enum ips_dir dir, uint32_t len)
{
	struct mime *m = s->cur ? s->cur->mime : NULL;

	s->len[dir] = 0;
	s->gap = true;
	s->pending_n = 0;
	if (dir != IPS_TOSERVER)
		return;
	s->overlong[dir] = s->in_data;
	if (m && (s->in_data || s->bdat))
		mime_gap(m, len);
	s->bdat_left -= SK_MIN(len, s->bdat_left);
}

static void smtp_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len, bool eof)
{
	struct smtp_state *s = a->state;

	if (!data && len) {
		lost_bytes(s, dir, len);
		len = 0;
	}
	while (len && !(a->flags & IPS_APP_CHANGED)) {
		uint32_t n = dir == IPS_TOSERVER && s->bdat ? take_chunk(a, c, data, len)
							    : take_line(a, c, dir, data, len);

		data += n;
		len -= n;
	}
	if (a->flags & IPS_APP_CHANGED) {
		a->left = len;
		for (struct ips_tx *tx = a->first; tx; tx = tx->next)
			tx->complete[0] = tx->complete[1] = true;
	}
	if (eof)
		ended(a, c, dir);
}

static enum ips_buf_state bytes(const void *p, uint32_t len, bool over, struct ips_buf_view *ret)
{
	if (!len)
		return over ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
	*ret = (struct ips_buf_view){.data = p, .len = len};
	return IPS_BUF_FULL;
}

static enum ips_buf_state smtp_buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	const struct smtp_tx *t = (const struct smtp_tx *)tx;
	struct ips_file *f;
	bool over = tx->complete[dir];

	if (dir != IPS_TOSERVER)
		return IPS_BUF_ABSENT;
	switch (buf) {
	case IPS_BUF_FILE_DATA:
		f = ips_files_at(&t->files, index);
		return f       ? ips_body_view_of(&f->body, over, ret)
			: over ? IPS_BUF_ABSENT
			       : IPS_BUF_WAIT;
	case IPS_BUF_FILE_NAME:
		f = ips_files_at(&t->files, index);
		return bytes(f ? f->name : NULL, f ? f->name_len : 0, over, ret);
	case IPS_BUF_SMTP_HELO:
		return index ? IPS_BUF_ABSENT : bytes(t->helo, t->helo_len, over, ret);
	case IPS_BUF_SMTP_MAIL_FROM:
		return index ? IPS_BUF_ABSENT : bytes(t->from, t->from_len, over, ret);
	case IPS_BUF_SMTP_RCPT_TO:
		if (index >= t->rcpts)
			return over ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
		return bytes(t->rcpt[index], t->rcpt_len[index], over, ret);
	default: return IPS_BUF_ABSENT;
	}
}

static bool smtp_number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	struct ips_file *f = ips_files_at(&((const struct smtp_tx *)tx)->files, index);

	if (num != IPS_NUM_FILE_SIZE || dir != IPS_TOSERVER || !f || !f->body.done)
		return false;
	*ret = f->body.total;
	return true;
}

static void log_email(struct ips_json *j, const struct smtp_tx *t)
{
	static const char *const keys[3] = {"from", "to", "subject"};

	ips_json_open(j, "email");
	for (unsigned i = 0; i < 3; i++) {
		if (!t->shown[i])
			continue;
		if (i == 1) {
			ips_json_open_array(j, keys[i]);
			ips_json_str(j, NULL, t->shown[i]);
			ips_json_close_array(j);
		} else {
			ips_json_str(j, keys[i], t->shown[i]);
		}
	}
	if (t->files.n) {
		ips_json_open_array(j, "attachment");
		for (unsigned i = 0; i < t->files.n; i++) {
			const struct ips_file *f = ips_files_at(&t->files, i);

			if (f)
				ips_json_bytes(j, NULL, f->name, f->name_len);
		}
		ips_json_close_array(j);
	}
}

static void smtp_log(struct ips_app *a, struct ips_tx *tx, struct ips_json *j)
{
	const struct smtp_tx *t = (const struct smtp_tx *)tx;

	if (t->helo_len)
		ips_json_bytes(j, "helo", t->helo, t->helo_len);
	if (t->from_len)
		ips_json_bytes(j, "mail_from", t->from, t->from_len);
	if (t->rcpts) {
		ips_json_open_array(j, "rcpt_to");
		for (unsigned i = 0; i < t->rcpts; i++)
			ips_json_bytes(j, NULL, t->rcpt[i], t->rcpt_len[i]);
		ips_json_close_array(j);
	}
	if (!t->shown[0] && !t->shown[1] && !t->shown[2] && !t->files.n)
		return;
	ips_json_close(j); /* "email" stands beside "smtp"; the caller closes it */
	log_email(j, t);
}

const struct ips_proto ips_smtp_proto = {
	.id = IPS_P_SMTP,
	.open = smtp_open,
	.close = smtp_close,
	.data = smtp_data,
	.tx_free = smtp_tx_free,
	.buffer = smtp_buffer,
	.number = smtp_number,
	.log = smtp_log,
	.log_when_complete = true,
	.events = events,
};

static enum ips_probe greeting(const uint8_t *p, uint32_t len, bool port)
{
	if (len < 4)
		return memcmp(p, "220 ", len) == 0 || memcmp(p, "220-", len) == 0 ? IPS_PROBE_MORE
										  : IPS_PROBE_NO;
	if (memcmp(p, "220", 3) != 0 || (p[3] != ' ' && p[3] != '-'))
		return IPS_PROBE_NO;
	for (uint32_t i = 0; i + 4 <= len; i++)
		if (word(p + i, len - i, "SMTP"))
			return IPS_PROBE_YES;
	if (!memchr(p, '\n', len))
		return IPS_PROBE_MORE;
	return port ? IPS_PROBE_YES : IPS_PROBE_NO;
}

static enum ips_probe probe(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	if (dir == IPS_TOCLIENT)
		return greeting(p, len, port);
	if (len < 5)
		return strncasecmp((const char *)p, "EHLO ", len) == 0 ||
				strncasecmp((const char *)p, "HELO ", len) == 0
			? IPS_PROBE_MORE
			: IPS_PROBE_NO;
	return word(p, len, "EHLO ") || word(p, len, "HELO ") ? IPS_PROBE_YES : IPS_PROBE_NO;
}

const struct ips_probe_row ips_smtp_probes[] = {
	{IPS_P_SMTP, IPPROTO_TCP, IPS_BUF_BOTH, {25, 465, 587}, probe},
	{0},
};
