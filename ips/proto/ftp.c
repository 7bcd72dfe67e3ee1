/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FTP's control connection (RFC 959, 2428, 4217): commands with their replies, and where the data
 * connections will be; and those data connections, whose bytes are files.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ips/flow/flow.h"
#include "ips/proto/body.h"
#include "ips/proto/protos.h"
#include "lib/util.h"

#define LINE_MAX_BYTES 4096
#define ARG_MAX 512
#define TOKEN_RETR 1
#define TOKEN_STOR 2

enum ftp_event { FTP_EV_REQUEST_TOO_LONG, FTP_EV_RESPONSE_TOO_LONG };
static const char *const events[] = {"request_command_too_long", "response_command_too_long", NULL};

struct ftp_tx {
	struct ips_tx tx;
	char command[16], arg[ARG_MAX], reply[ARG_MAX];
	uint16_t arg_len, reply_len;
	uint16_t code;
};

struct ftp_state {
	char line[2][LINE_MAX_BYTES];
	uint32_t len[2];
	bool overlong[2];
	bool lost[2];                   /* up to the next line end, after a gap */
	struct ips_app_expect listener; /* of the next data connection */
	bool has_listener;
	uint16_t multi; /* code of a reply of several lines, 0 none */
};

static bool ftp_open(struct ips_app *a, struct ips_app_ctx *c)
{
	a->state = ips_mem_alloc(c->mem, sizeof(struct ftp_state));
	return a->state;
}

static void ftp_tx_free(struct ips_app *a, struct ips_tx *tx, struct ips_mem *m)
{
	ips_mem_free(m, tx, sizeof(struct ftp_tx));
}

static void ftp_close(struct ips_app *a, struct ips_mem *m)
{
	for (struct ips_tx *tx = a->first, *next; tx; tx = next) {
		next = tx->next;
		ftp_tx_free(a, tx, m);
	}
	ips_mem_free(m, a->state, sizeof(struct ftp_state));
}

/* The oldest command without its final reply. */
static struct ftp_tx *open_tx(const struct ips_app *a)
{
	for (struct ips_tx *tx = a->first; tx; tx = tx->next)
		if (!tx->complete[IPS_TOCLIENT])
			return (struct ftp_tx *)tx;
	return NULL;
}

static struct ftp_tx *new_tx(struct ips_app *a, struct ips_app_ctx *c)
{
	struct ftp_tx *t = ips_mem_alloc(c->mem, sizeof(*t));

	if (t)
		ips_app_tx_add(a, &t->tx);
	return t;
}

/*
 * "h1,h2,h3,h4,p1,p2". The address is that of side whatever is said: servers behind translators
 * tell another one, and nobody shall name connections of others.
 */
static bool six(
	const char *s, const struct ips_flow *f, enum ips_dir side, struct ips_app_expect *x)
{
	unsigned v[6];

	if (sscanf(s, "%3u,%3u,%3u,%3u,%3u,%3u", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]) != 6)
		return false;
	for (unsigned i = 0; i < 6; i++)
		if (v[i] > 255)
			return false;
	memset(x, 0, sizeof(*x));
	x->family = f->family;
	x->addr = f->addr[side];
	x->port = (uint16_t)(v[4] << 8 | v[5]);
	return x->port;
}

/* "|1|132.235.1.2|6275|" or "|||6446|"; the address as above. */
static bool extended(
	const char *s, const struct ips_flow *f, enum ips_dir side, struct ips_app_expect *x)
{
	char d = s[0];
	const char *p = s;
	unsigned port = 0;

	memset(x, 0, sizeof(*x));
	if (d < 33 || d > 126)
		return false;
	for (unsigned field = 0; field < 2 && p; field++)
		p = strchr(p + 1, d);
	if (!p || sscanf(p + 1, "%5u", &port) != 1 || port == 0 || port > 65535)
		return false;
	x->family = f->family;
	x->addr = f->addr[side];
	x->port = (uint16_t)port;
	return true;
}

static void announce(struct ftp_state *s, struct ips_app_ctx *c, uint32_t token)
{
	if (!s->has_listener || !c->expect)
		return;
	s->listener.id = IPS_P_FTPDATA;
	s->listener.parent = c->flow->id;
	s->listener.token = token;
	c->expect(&s->listener, c->arg);
	s->has_listener = false;
}

static bool is(const struct ftp_tx *t, const char *command)
{
	return strcmp(t->command, command) == 0;
}

static void command(struct ips_app *a, struct ips_app_ctx *c, const char *line, uint32_t len)
{
	struct ftp_state *s = a->state;
	struct ftp_tx *t = new_tx(a, c);
	uint32_t n = 0;

	if (!t)
		return;
	while (n < len && line[n] != ' ' && n < sizeof(t->command) - 1) {
		t->command[n] = line[n] >= 'a' && line[n] <= 'z' ? (char)(line[n] - 32) : line[n];
		n++;
	}
	while (n < len && line[n] == ' ')
		n++;
	t->arg_len = (uint16_t)SK_MIN(len - n, ARG_MAX - 1);
	memcpy(t->arg, line + n, t->arg_len);
	t->tx.started[IPS_TOSERVER] = t->tx.complete[IPS_TOSERVER] = true;
	t->tx.changed[IPS_TOSERVER] = true;
	if (is(t, "PORT"))
		s->has_listener = six(t->arg, c->flow, IPS_TOSERVER, &s->listener);
	else if (is(t, "EPRT"))
		s->has_listener = extended(t->arg, c->flow, IPS_TOSERVER, &s->listener);
	else if (is(t, "RETR"))
		announce(s, c, TOKEN_RETR);
	else if (is(t, "STOR") || is(t, "APPE") || is(t, "STOU"))
		announce(s, c, TOKEN_STOR);
}

static void passive(struct ftp_state *s, struct ips_app_ctx *c, uint16_t code, const char *text)
{
	const char *open = strchr(text, '(');

	if (code == 227) {
		const char *p = open ? open + 1 : text + 3 + strcspn(text + 3, "0123456789");

		s->has_listener = six(p, c->flow, IPS_TOCLIENT, &s->listener);
	} else if (open) {
		s->has_listener = extended(open + 1, c->flow, IPS_TOCLIENT, &s->listener);
	}
}

/* 0: not a reply's first or last line. */
static uint16_t reply_code(const char *line, uint32_t len)
{
	uint16_t v = 0;

	if (len < 3)
		return 0;
	for (unsigned i = 0; i < 3; i++) {
		if (line[i] < '0' || line[i] > '9')
			return 0;
		v = (uint16_t)(v * 10 + (line[i] - '0'));
	}
	return v;
}

static void reply(struct ips_app *a, struct ips_app_ctx *c, const char *line, uint32_t len)
{
	struct ftp_state *s = a->state;
	uint16_t code = reply_code(line, len);
	struct ftp_tx *t = open_tx(a);

	if (!t) /* the greeting, or more than was asked for */
		t = new_tx(a, c);
	if (!t)
		return;
	t->tx.started[IPS_TOCLIENT] = t->tx.changed[IPS_TOCLIENT] = true;
	if (t->reply_len + len + 2 < ARG_MAX) {
		memcpy(t->reply + t->reply_len, line, len);
		t->reply_len = (uint16_t)(t->reply_len + len);
		t->reply[t->reply_len++] = '\n';
	}
	if (s->multi ? code != s->multi || line[3] == '-' : code && line[3] == '-') {
		if (!s->multi)
			s->multi = code;
		return;
	}
	s->multi = 0;
	if (!code)
		return;
	t->code = code;
	if (code == 227 || code == 229)
		passive(s, c, code, line);
	if (code >= 200) {
		t->tx.complete[IPS_TOCLIENT] = t->tx.complete[IPS_TOSERVER] = true;
		t->tx.changed[IPS_TOSERVER] = true;
	}
	if (code == 234 && is(t, "AUTH")) {
		a->flags |= IPS_APP_CHANGED;
		a->expected = IPS_P_TLS;
	}
}

static void line_done(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir)
{
	struct ftp_state *s = a->state;
	uint32_t len = s->len[dir];
	char *line = s->line[dir];

	while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	line[len] = '\0';
	s->len[dir] = 0;
	s->overlong[dir] = false;
	if (s->lost[dir]) {
		s->lost[dir] = false;
		return;
	}
	if (dir == IPS_TOSERVER && len)
		command(a, c, line, len);
	else if (dir == IPS_TOCLIENT)
		reply(a, c, line, len);
}

static void ftp_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len, bool eof)
{
	struct ftp_state *s = a->state;

	if (!data && len) { /* gap: begin anew at the next line */
		s->len[dir] = 0;
		s->lost[dir] = true;
		len = 0;
	}
	while (len && !(a->flags & IPS_APP_CHANGED)) {
		const uint8_t *lf = memchr(data, '\n', len);
		uint32_t n = lf ? (uint32_t)(lf - data) + 1 : len;
		uint32_t fits = SK_MIN(n, LINE_MAX_BYTES - 1 - s->len[dir]);

		memcpy(s->line[dir] + s->len[dir], data, fits);
		s->len[dir] += fits;
		if (fits < n && !s->overlong[dir] && !s->lost[dir]) {
			s->overlong[dir] = true;
			ips_tx_event(a, NULL,
				dir == IPS_TOSERVER ? FTP_EV_REQUEST_TOO_LONG
						    : FTP_EV_RESPONSE_TOO_LONG);
		}
		if (lf)
			line_done(a, c, dir);
		data += n;
		len -= n;
	}
	if (a->flags & IPS_APP_CHANGED)
		a->left = len;
	if (!eof)
		return;
	for (struct ips_tx *tx = a->first; tx; tx = tx->next)
		tx->complete[dir] = tx->changed[dir] = true;
}

static enum ips_buf_state ftp_buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	const struct ftp_tx *t = (const struct ftp_tx *)tx;

	if (buf != IPS_BUF_FTP_PORT_ROW || index || !is(t, "PORT"))
		return IPS_BUF_ABSENT;
	*ret = (struct ips_buf_view){.data = (const uint8_t *)t->arg, .len = t->arg_len};
	return IPS_BUF_FULL;
}

static bool ftp_number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	return false;
}

/* The codes of the lines that carry one, and the lines without them. */
static void log_replies(const struct ftp_tx *t, struct ips_json *j)
{
	for (unsigned pass = 0; pass < 2 && t->reply_len; pass++) {
		const char *p = t->reply, *end = t->reply + t->reply_len;

		ips_json_open_array(j, pass == 0 ? "completion_code" : "reply");
		while (p < end) {
			const char *lf = memchr(p, '\n', (size_t)(end - p));
			uint32_t n = (uint32_t)((lf ? lf : end) - p);
			bool coded = reply_code(p, n) && (n == 3 || p[3] == ' ' || p[3] == '-');

			if (pass == 0 && coded && (n == 3 || p[3] == ' '))
				ips_json_bytes(j, NULL, p, 3);
			else if (pass == 1 && coded)
				ips_json_bytes(j, NULL, p + SK_MIN(n, 4u), n - SK_MIN(n, 4u));
			else if (pass == 1)
				ips_json_bytes(j, NULL, p, n);
			p += n + 1;
		}
		ips_json_close_array(j);
	}
}

static void ftp_log(struct ips_app *a, struct ips_tx *tx, struct ips_json *j)
{
	const struct ftp_tx *t = (const struct ftp_tx *)tx;

	if (t->command[0]) {
		ips_json_str(j, "command", t->command);
		/* A password is nobody's business, in the log least of all. */
		if (t->arg_len && !is(t, "PASS"))
			ips_json_bytes(j, "command_data", t->arg, t->arg_len);
	}
	log_replies(t, j);
}

const struct ips_proto ips_ftp_proto = {
	.id = IPS_P_FTP,
	.open = ftp_open,
	.close = ftp_close,
	.data = ftp_data,
	.tx_free = ftp_tx_free,
	.buffer = ftp_buffer,
	.number = ftp_number,
	.log = ftp_log,
	.log_when_complete = true,
	.events = events,
};

/* ---- data connections ---- */

struct data_tx {
	struct ips_tx tx;
	uint32_t token;
	struct ips_body body[2];
};

static bool data_open(struct ips_app *a, struct ips_app_ctx *c)
{
	struct data_tx *t = ips_mem_alloc(c->mem, sizeof(*t));

	if (!t)
		return false;
	t->token = a->expected_token;
	ips_body_init(&t->body[0], c->cfg->body_limit[0]);
	ips_body_init(&t->body[1], c->cfg->body_limit[1]);
	a->state = t;
	ips_app_tx_add(a, &t->tx);
	t->tx.started[0] = t->tx.started[1] = true;
	return true;
}

static void data_tx_free(struct ips_app *a, struct ips_tx *tx, struct ips_mem *m)
{
	struct data_tx *t = (struct data_tx *)tx;

	ips_body_free(&t->body[0], m);
	ips_body_free(&t->body[1], m);
	if (a->state == t)
		a->state = NULL;
	ips_mem_free(m, t, sizeof(*t));
}

static void data_close(struct ips_app *a, struct ips_mem *m)
{
	if (a->first)
		data_tx_free(a, a->first, m);
}

static void data_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len, bool eof)
{
	struct data_tx *t = a->state;

	if (!t)
		return;
	if (data && len)
		ips_body_add(&t->body[dir], c->mem, data, len);
	else if (len)
		ips_body_gap(&t->body[dir], len);
	t->tx.changed[dir] = true;
	if (!eof)
		return;
	ips_body_end(&t->body[dir]);
	t->tx.complete[dir] = true;
}

static enum ips_buf_state data_buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	const struct data_tx *t = (const struct data_tx *)tx;

	if (index)
		return IPS_BUF_ABSENT;
	if (buf == IPS_BUF_FILE_DATA)
		return ips_body_view_of(&t->body[dir], tx->complete[dir], ret);
	if (buf == IPS_BUF_FTPDATA_COMMAND && t->token) {
		/* Once a file, in the direction it takes. */
		if (t->body[dir].total == 0)
			return tx->complete[dir] ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
		const char *word = t->token == TOKEN_RETR ? "retr" : "stor";

		*ret = (struct ips_buf_view){.data = (const uint8_t *)word, .len = 4};
		return IPS_BUF_FULL;
	}
	return IPS_BUF_ABSENT;
}

static bool data_number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	const struct data_tx *t = (const struct data_tx *)tx;

	if (num != IPS_NUM_FILE_SIZE || index || !t->body[dir].done)
		return false;
	*ret = t->body[dir].total;
	return true;
}

static void data_log(struct ips_app *a, struct ips_tx *tx, struct ips_json *j)
{
	const struct data_tx *t = (const struct data_tx *)tx;

	if (t->token)
		ips_json_str(j, "command", t->token == TOKEN_RETR ? "RETR" : "STOR");
	ips_json_uint(j, "bytes", t->body[0].total + t->body[1].total);
}

const struct ips_proto ips_ftpdata_proto = {
	.id = IPS_P_FTPDATA,
	.open = data_open,
	.close = data_close,
	.data = data_data,
	.tx_free = data_tx_free,
	.buffer = data_buffer,
	.number = data_number,
	.log = data_log,
	.log_when_complete = true,
};

/* ---- recognition ---- */

static bool starts(const uint8_t *p, uint32_t len, const char *word)
{
	uint32_t n = (uint32_t)strlen(word);

	if (len < n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if ((p[i] & 0xdf) != (word[i] & 0xdf))
			return false;
	return true;
}

static bool has(const uint8_t *p, uint32_t len, const char *word)
{
	for (uint32_t i = 0; i + strlen(word) <= len; i++)
		if (starts(p + i, len - i, word))
			return true;
	return false;
}

static enum ips_probe probe(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	static const char *const words[] = {"USER ", "FEAT\r\n", "AUTH TLS", "AUTH SSL", "PORT "};

	if (dir == IPS_TOCLIENT) {
		if (len < 4)
			return memcmp(p, "220 ", len) == 0 || memcmp(p, "220-", len) == 0
				? IPS_PROBE_MORE
				: IPS_PROBE_NO;
		if (memcmp(p, "220", 3) != 0 || (p[3] != ' ' && p[3] != '-'))
			return IPS_PROBE_NO;
		if (has(p, len, "FTP") && !has(p, len, "SMTP"))
			return IPS_PROBE_YES;
		return memchr(p, '\n', len) ? IPS_PROBE_NO : IPS_PROBE_MORE;
	}
	if (port && starts(p, len, "USER "))
		return IPS_PROBE_YES;
	for (size_t i = 1; i < SK_ARRAY_SIZE(words); i++)
		if (starts(p, len, words[i]))
			return port || i >= 2 ? IPS_PROBE_YES : IPS_PROBE_NO;
	/* POP3 has USER as well: only FTP's port says which. */
	return len < 8 && port ? IPS_PROBE_MORE : IPS_PROBE_NO;
}

const struct ips_probe_row ips_ftp_probes[] = {
	{IPS_P_FTP, IPPROTO_TCP, IPS_BUF_BOTH, {21}, probe},
	{0},
};
