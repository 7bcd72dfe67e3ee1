// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Handing the inspection policy to ipsd. Compiling tens of thousands of rules takes it seconds, so
 * the request goes out on a connection of its own and the answer is waited for in the loop. What
 * ipsd refuses is shown and not sent again before something changes; the old policy stays in use.
 */
#include "mgmt/mgmtd/inspect.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/lists.h"
#include "mgmt/mgmtd/peer.h"

#define POLICY_FILE "ips-policy.json"
#define POLICY_MAX (16u << 20)
#define WAIT_S 180 /* for the answer */
#define BUSY_S 2

struct mg_inspect {
	struct mg_daemon *d;
	bool dirty;
	char *text; /* the document as sent, with its generation; NULL: there is none */
	size_t len;
	int64_t generation;
	char sha256[65];
	char theirs[65];   /* of the one ipsd uses, as far as known */
	char refused[65];  /* of the one it refused */
	struct sk_err why; /* it did, or the document cannot be made */
	int64_t refused_at, taken_at, compile_ms;
	int fd; /* of the request under way */
	sd_event_source *io;
	int64_t sent_at, not_before;
};

static void path_of(const struct mg_daemon *d, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s/" POLICY_FILE, d->o.state_dir);
}

static void take_text(struct mg_inspect *i, char *text, size_t len)
{
	uint8_t sum[32];

	free(i->text);
	i->text = text;
	i->len = len;
	sk_sha256(sum, text, len);
	sk_hex(i->sha256, sum, sizeof(sum));
}

/* The document made last, so that a restart of ours is no reason to compile again. */
static void load(struct mg_inspect *i)
{
	char path[512];
	struct sk_buf b;
	json_t *doc;

	path_of(i->d, path, sizeof(path));
	sk_buf_init(&b, POLICY_MAX);
	if (sk_file_read(path, &b, NULL) == 0 &&
		(doc = sk_json_parse(sk_buf_str(&b), b.len, NULL))) {
		size_t len = b.len;

		i->generation = json_integer_value(json_object_get(doc, "generation"));
		json_decref(doc);
		take_text(i, sk_buf_take(&b), len);
	}
	sk_buf_done(&b);
}

static int encode(json_t *doc, int64_t generation, struct sk_buf *b, struct sk_err *err)
{
	sk_buf_init(b, POLICY_MAX);
	json_object_set_new(doc, "generation", json_integer(generation));
	sk_json_put(b, doc);
	return sk_buf_error(b) ? sk_err_en(err, sk_buf_error(b), NULL, "policy too large") : 0;
}

static bool same(const struct mg_inspect *i, const struct sk_buf *b)
{
	return i->text && i->len == b->len && memcmp(i->text, b->data, b->len) == 0;
}

/* Make the document anew; a new generation only if something in it is different. */
static int rebuild(struct mg_inspect *i, int64_t now, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *doc = mg_inspect_document(i->d, now, err);
	char path[512];
	struct sk_buf b;
	size_t len;
	int r;

	if (!doc) /* no rule set yet, or err says why */
		return err->code;
	r = encode(doc, i->generation, &b, err);
	if (r == 0 && !same(i, &b)) {
		sk_buf_done(&b);
		r = encode(doc, i->generation + 1, &b, err);
		path_of(i->d, path, sizeof(path));
		if (r == 0)
			r = sk_file_replace(path, b.data, b.len, 0600, err);
		if (r == 0) {
			i->generation++;
			len = b.len;
			take_text(i, sk_buf_take(&b), len);
			sk_log(LOG_INFO, "inspection policy %" PRId64 " made", i->generation);
		}
	}
	sk_buf_done(&b);
	return r;
}

/* ---- the request ------------------------------------------------------------------------------
 */
static void hang_up(struct mg_inspect *i)
{
	i->io = sd_event_source_disable_unref(i->io);
	sk_closep(&i->fd);
	i->fd = -1;
}

static void report(struct mg_inspect *i, const char *action, const char *message)
{
	json_t *s = json_pack("{s:s, s:I, s:s?}", "action", action, "generation",
		(json_int_t)i->generation, "message", message);
	struct sk_err err = {0};

	if (mg_daemon_event(i->d, json_pack("{s:s, s:o}", "event_type", "inspection", "sekisho", s),
		    &err) < 0)
		sk_log_err(LOG_ERR, "storing events", &err);
}

static void taken(struct mg_inspect *i, const json_t *end)
{
	const char *sha = json_string_value(json_object_get(end, "sha256"));

	snprintf(i->theirs, sizeof(i->theirs), "%s", sha ? sha : "");
	i->refused[0] = '\0';
	i->taken_at = sk_now();
	i->compile_ms = json_integer_value(json_object_get(end, "compile_ms"));
	sk_log(LOG_NOTICE, "inspection policy %" PRId64 " is in use", i->generation);
}

static void answered(struct mg_inspect *i, const json_t *end)
{
	struct sk_err err = {0};
	int code = sk_ipc_end_code(end, &err);

	if (code == 0) {
		taken(i, end);
	} else if (code == -EBUSY) {
		i->not_before = sk_now() + BUSY_S;
	} else {
		snprintf(i->refused, sizeof(i->refused), "%s", i->sha256);
		i->why = err;
		i->refused_at = sk_now();
		sk_log_err(LOG_ERR, "the inspection policy was refused", &err);
		report(i, "refused", err.en);
	}
}

static int on_answer(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	struct mg_inspect *i = userdata;
	struct sk_ipc_msg m;
	struct sk_err err = {0};
	int r = sk_ipc_recv(fd, 0, &m, &err);

	if (r == -ETIMEDOUT)
		return 0;
	if (r < 0) { /* it went away meanwhile; when it is back it says what it uses */
		i->not_before = sk_now() + BUSY_S;
		hang_up(i);
		return 0;
	}
	if (m.type == SK_IPC_END) {
		hang_up(i);
		answered(i, m.body);
	}
	sk_ipc_msg_done(&m);
	return 0;
}

static int request(struct mg_inspect *i, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *body = json_pack("{s:s}", "op", "ips.apply");
	_cleanup_(sk_closep) int memfd = sk_memfd("ips-policy", i->text, i->len);
	int r;

	if (!body || memfd < 0)
		return sk_err_nomem(err);
	i->fd = sk_ipc_connect(i->d->o.ips_socket, err);
	if (i->fd < 0)
		return i->fd;
	r = sk_ipc_send(i->fd, SK_IPC_REQUEST, 1, body, memfd, err);
	if (r == 0 && (r = sd_event_add_io(i->d->ev, &i->io, i->fd, EPOLLIN, on_answer, i)) < 0)
		sk_err_en(err, r, NULL, "sd-event: %s", strerror(-r));
	i->sent_at = sk_now();
	return r;
}

/* ---- when -------------------------------------------------------------------------------------
 */
static void send_if_needed(struct mg_inspect *i, int64_t now)
{
	struct sk_err err = {0};

	if (i->fd >= 0 && now - i->sent_at > WAIT_S) {
		sk_log(LOG_ERR, "ipsd does not answer about its policy");
		hang_up(i);
	}
	if (!i->text || i->fd >= 0 || now < i->not_before || !mg_peer_connected(i->d->ips) ||
		!strcmp(i->theirs, i->sha256) || !strcmp(i->refused, i->sha256))
		return;
	if (request(i, &err) < 0) {
		sk_log_err(LOG_WARNING, "ips.apply", &err);
		hang_up(i);
		i->not_before = now + BUSY_S;
	}
}

void mg_inspect_tick(struct mg_daemon *d, int64_t now)
{
	struct mg_inspect *i = d->inspect;
	struct sk_err err = {0};

	if (i->dirty) {
		i->dirty = false;
		if (rebuild(i, now, &err) < 0) {
			i->why = err;
			i->refused_at = now;
			sk_log_err(LOG_ERR, "the inspection policy cannot be made", &err);
		}
	}
	send_if_needed(i, now);
}

void mg_inspect_dirty(struct mg_inspect *i)
{
	if (i)
		i->dirty = true;
}

/* What it uses after its start. If it is not ours, the next tick sends ours: also one that was
 * refused before, since what was wrong may have been its own. */
static void connected(struct mg_daemon *d, const json_t *status)
{
	const char *sha = json_string_value(json_object_get(status, "sha256"));
	struct mg_inspect *i = d->inspect;

	snprintf(i->theirs, sizeof(i->theirs), "%s", sha ? sha : "");
	i->refused[0] = '\0';
	i->not_before = 0;
	i->dirty = true;
	mg_lists_connected(d, MG_LISTS_IPS, status);
}

const struct mg_peer_kind mg_peer_ips = {
	.name = "sekisho-ipsd",
	.label = {"inspection", "検査エンジン"},
	.status_ms = 1000,
	.connected = connected,
};

void mg_inspect_status(const struct mg_daemon *d, json_t *v)
{
	const struct mg_inspect *i = d->inspect;
	const char *state = !i->text           ? "no_rules"
		: !mg_peer_connected(d->ips)   ? "unreachable"
		: i->fd >= 0                   ? "loading"
		: strcmp(i->theirs, i->sha256) ? (i->refused[0] ? "refused" : "waiting")
					       : "in_use";

	json_object_set_new(v, "policy_state", json_string(state));
	json_object_set_new(v, "policy_generation", json_integer(i->generation));
	if (i->taken_at)
		json_object_set_new(v, "taken_at", json_integer(i->taken_at));
	if (i->compile_ms)
		json_object_set_new(v, "compile_ms", json_integer(i->compile_ms));
	if (i->why.code && (i->refused[0] || !i->text)) {
		json_object_set_new(v, "refused_at", json_integer(i->refused_at));
		json_object_set_new(v, "refused_en", json_string(i->why.en));
		json_object_set_new(v, "refused_ja", json_string(i->why.ja));
	}
}

int mg_inspect_new(struct mg_daemon *d, struct sk_err *err)
{
	struct mg_inspect *i = calloc(1, sizeof(*i));

	if (!i)
		return sk_err_nomem(err);
	d->inspect = i;
	i->d = d;
	i->fd = -1;
	i->dirty = true;
	load(i);
	return 0;
}

void mg_inspect_free(struct mg_inspect *i)
{
	if (!i)
		return;
	hang_up(i);
	free(i->text);
	free(i);
}
