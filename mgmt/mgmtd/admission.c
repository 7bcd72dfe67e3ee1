// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Handing the admission document to nacd, which takes it in milliseconds: the call waits for the
 * answer. What nacd refuses is shown and not sent again before something changes; the document
 * before it stays in use there.
 */
#include "mgmt/mgmtd/admission.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/peer.h"
#include "nac/admission/document.h"

#define DOCUMENT_FILE "admission.json"
#define APPLY_MS 3000
#define RETRY_S 2
#define LEARN_S 300

struct mg_admission {
	struct mg_daemon *d;
	bool dirty;
	char *text; /* the document as sent, with its generation; NULL: there is none */
	size_t len;
	int64_t generation;
	char sha256[65];
	char theirs[65];  /* of the one nacd uses, as far as known */
	char refused[65]; /* of the one it refused */
	struct sk_err why;
	int64_t taken_at, refused_at, not_before, learn_at;
};

static void take_text(struct mg_admission *a, char *text, size_t len)
{
	uint8_t sum[32];

	free(a->text);
	a->text = text;
	a->len = len;
	sk_sha256(sum, text, len);
	sk_hex(a->sha256, sum, sizeof(sum));
}

static void path_of(const struct mg_daemon *d, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s/" DOCUMENT_FILE, d->o.state_dir);
}

/* The one made last: its generation goes on counting. */
static void load(struct mg_admission *a)
{
	char path[512];
	struct sk_buf b;
	json_t *doc;

	path_of(a->d, path, sizeof(path));
	sk_buf_init(&b, NAC_BYTES_MAX);
	if (sk_file_read(path, &b, NULL) == 0 &&
		(doc = sk_json_parse(sk_buf_str(&b), b.len, NULL))) {
		size_t len = b.len;

		a->generation = json_integer_value(json_object_get(doc, "generation"));
		json_decref(doc);
		take_text(a, sk_buf_take(&b), len);
	}
	sk_buf_done(&b);
}

static int encode(json_t *doc, int64_t generation, struct sk_buf *b, struct sk_err *err)
{
	sk_buf_init(b, NAC_BYTES_MAX);
	json_object_set_new(doc, "generation", json_integer(generation));
	sk_json_put(b, doc);
	return sk_buf_error(b) ? sk_err_en(err, sk_buf_error(b), NULL, "document too large") : 0;
}

static int keep(struct mg_admission *a, struct sk_buf *b, struct sk_err *err)
{
	char path[512];
	size_t len = b->len;
	int r;

	path_of(a->d, path, sizeof(path));
	r = sk_file_replace(path, b->data, b->len, 0600, err);
	if (r < 0)
		return r;
	a->generation++;
	take_text(a, sk_buf_take(b), len);
	sk_log(LOG_INFO, "admission document %" PRId64 " made", a->generation);
	return 0;
}

/* A new generation only if something in it is different: it ends modes switched at nacd by hand. */
static int rebuild(struct mg_admission *a, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *doc = mg_admission_document(a->d->store, err);
	struct sk_buf b;
	int r;

	if (!doc)
		return err->code < 0 ? err->code : -ENOMEM;
	r = encode(doc, a->generation, &b, err);
	if (r == 0 && !(a->text && a->len == b.len && !memcmp(a->text, b.data, b.len))) {
		sk_buf_done(&b);
		r = encode(doc, a->generation + 1, &b, err);
		if (r == 0)
			r = mg_admission_check(doc, err);
		if (r == 0)
			r = keep(a, &b, err);
	}
	sk_buf_done(&b);
	return r;
}

static int make(struct mg_admission *a, struct sk_err *err)
{
	int r;

	a->dirty = false;
	r = rebuild(a, err);
	if (r < 0) {
		a->why = *err;
		a->refused_at = sk_now();
		sk_log_err(LOG_ERR, "the admission document cannot be made", err);
	}
	return r;
}

/* ---- to nacd ----------------------------------------------------------------------------------
 */
static void refused(struct mg_admission *a, const struct sk_err *err)
{
	json_t *s = json_pack("{s:s, s:I, s:s}", "action", "document_refused", "generation",
		(json_int_t)a->generation, "message", err->en);
	struct sk_err e = {0};

	snprintf(a->refused, sizeof(a->refused), "%s", a->sha256);
	a->why = *err;
	a->refused_at = sk_now();
	sk_log_err(LOG_ERR, "nacd refused the admission document", err);
	if (mg_daemon_event(
		    a->d, json_pack("{s:s, s:o}", "event_type", "admission", "sekisho", s), &e) < 0)
		sk_log_err(LOG_ERR, "storing events", &e);
}

/* 1: it uses ours, 0: it is away. */
static int send_document(struct mg_admission *a, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	_cleanup_(sk_closep) int memfd = -1;
	const char *sha;
	int r;

	if (!a->text || !mg_peer_connected(a->d->nac))
		return 0;
	if (!strcmp(a->theirs, a->sha256))
		return 1;
	if (!strcmp(a->refused, a->sha256)) {
		*err = a->why;
		return err->code;
	}
	memfd = sk_memfd("admission", a->text, a->len);
	if (memfd < 0)
		return sk_err_nomem(err);
	r = mg_peer_call(
		a->d->nac, "nac.apply", json_object(), memfd, APPLY_MS, NULL, NULL, &end, err);
	if (r == -EHOSTDOWN || r == -EBUSY) {
		a->not_before = sk_now() + RETRY_S;
		return 0;
	}
	if (r < 0) {
		refused(a, err);
		return r;
	}
	sha = json_string_value(json_object_get(end, "sha256"));
	snprintf(a->theirs, sizeof(a->theirs), "%s", sha ? sha : "");
	a->refused[0] = '\0';
	a->taken_at = sk_now();
	sk_log(LOG_INFO, "admission document %" PRId64 " is in use", a->generation);
	return 1;
}

int mg_admission_now(struct mg_daemon *d, struct sk_err *err)
{
	struct mg_admission *a = d->admission;
	struct sk_err e = {0};
	int r = make(a, err);

	if (mg_admission_radius(d, &e) < 0)
		sk_log_err(LOG_ERR, "devices for the RADIUS server", &e);
	return r < 0 ? r : send_document(a, err);
}

void mg_admission_tick(struct mg_daemon *d, int64_t now)
{
	struct mg_admission *a = d->admission;
	struct sk_err err = {0};

	if (a->dirty) {
		make(a, &err);
		if (mg_admission_radius(d, &err) < 0)
			sk_log_err(LOG_ERR, "devices for the RADIUS server", &err);
	}
	if (now >= a->not_before && strcmp(a->refused, a->sha256) != 0 &&
		send_document(a, &err) < 0)
		a->not_before = now + RETRY_S;
	if (now >= a->learn_at && mg_peer_connected(d->nac)) {
		a->learn_at = now + LEARN_S;
		mg_admission_learn(d);
	}
}

void mg_admission_dirty(struct mg_admission *a)
{
	if (a)
		a->dirty = true;
}

/* What it uses after its start. If it is not ours, the next tick sends ours. */
static void connected(struct mg_daemon *d, const json_t *status)
{
	const char *sha = json_string_value(json_object_get(status, "sha256"));
	struct mg_admission *a = d->admission;

	snprintf(a->theirs, sizeof(a->theirs), "%s", sha ? sha : "");
	a->refused[0] = '\0';
	a->not_before = 0;
	a->dirty = true;
}

const struct mg_peer_kind mg_peer_nac = {
	.name = "sekisho-nacd",
	.label = {"admission", "端末の接続許可"},
	.status_ms = 1000,
	.connected = connected,
};

void mg_admission_status(const struct mg_daemon *d, json_t *v)
{
	const struct mg_admission *a = d->admission;
	const char *state = !mg_peer_connected(d->nac) ? "unreachable"
		: strcmp(a->theirs, a->sha256)         ? (a->refused[0] ? "refused" : "waiting")
						       : "in_use";

	json_object_set_new(v, "document_state", json_string(state));
	json_object_set_new(v, "document_generation", json_integer(a->generation));
	if (a->taken_at)
		json_object_set_new(v, "taken_at", json_integer(a->taken_at));
	if (a->why.code && a->refused_at >= a->taken_at) {
		json_object_set_new(v, "refused_at", json_integer(a->refused_at));
		json_object_set_new(v, "refused_en", json_string(a->why.en));
		json_object_set_new(v, "refused_ja", json_string(a->why.ja));
	}
}

int mg_admission_new(struct mg_daemon *d, struct sk_err *err)
{
	struct mg_admission *a = calloc(1, sizeof(*a));

	if (!a)
		return sk_err_nomem(err);
	d->admission = a;
	a->d = d;
	a->dirty = true;
	load(a);
	return 0;
}

void mg_admission_free(struct mg_admission *a)
{
	if (!a)
		return;
	free(a->text);
	free(a);
}

/* ---- for handlers -----------------------------------------------------------------------------
 */
int mg_daemon_admission(struct mg_daemon *d, struct sk_err *err)
{
	return mg_admission_now(d, err);
}

int mg_daemon_nac_call(struct mg_daemon *d, const char *op, json_t *args,
	int (*on_data)(json_t *body, void *arg), void *arg, json_t **ret_end, struct sk_err *err)
{
	return mg_peer_call(d->nac, op, args ? args : json_object(), -1, on_data ? 10000 : 3000,
		on_data, arg, ret_end, err);
}

void mg_daemon_admission_status(const struct mg_daemon *d, json_t *v)
{
	mg_admission_status(d, v);
}
