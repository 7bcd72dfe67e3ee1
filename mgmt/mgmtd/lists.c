// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When each feed is fetched, and what becomes of what came: accepted lists replace the one in use,
 * all else leaves it as it is and says why. A feed that cannot be had never empties anything.
 */
#include "mgmt/mgmtd/lists.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/feeds/definition.h"
#include "mgmt/feeds/list.h"
#include "mgmt/mgmtd/lists_private.h"
#include "mgmt/mgmtd/peer.h"
#include "mgmt/store/changes.h"

#define LISTS_DIR "lists"
#define LONG_S 86400 /* unreachable for that long (or three intervals): people are told */

int mg_lists_path(
	const struct mg_daemon *d, const char *name, const char *suffix, char *dst, size_t cap)
{
	int n = snprintf(dst, cap, "%s/" LISTS_DIR "/%s%s%s", d->o.state_dir, name,
		suffix ? "." : "", suffix ? suffix : "");

	return n < 0 || (size_t)n >= cap ? -ENAMETOOLONG : 0;
}

bool mg_lists_is_upload(const struct mg_daemon *d, const json_t *definition)
{
	const char *path = json_string_value(json_object_get(definition, "path"));
	char dir[512];

	mg_lists_path(d, "", NULL, dir, sizeof(dir));
	return path && !strncmp(path, dir, strlen(dir));
}

void mg_lists_report(struct mg_lists *l, json_t *sekisho)
{
	struct sk_err err = {0};

	if (mg_daemon_event(l->d,
		    json_pack("{s:s, s:o}", "event_type", "blocklist", "sekisho", sekisho),
		    &err) < 0)
		sk_log_err(LOG_ERR, "storing events", &err);
}

void mg_lists_dirty(struct mg_lists *l)
{
	if (!l)
		return;
	l->dirty = true;
	l->wake = l->retry_at = 0;
}

/* ---- what became of a fetch -------------------------------------------------------------------
 */
static int64_t next_of(const struct mg_feed *f, int64_t now)
{
	struct mg_feed_def def;
	uint64_t random = 0;
	int64_t next = now + 3600;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint64_t)sk_now_us();
	if (mg_feed_def_parse(&def, f->definition, NULL) == 0)
		next = mg_feed_next(&def, now, (unsigned)SK_MIN(f->failures, 1000), random);
	mg_feed_def_done(&def);
	return next;
}

static void save(struct mg_lists *l, struct mg_feed *f)
{
	struct sk_err err = {0};

	if (mg_feed_state(l->d->store, f, &err) < 0)
		sk_log_err(LOG_ERR, "blocklists", &err);
	l->wake = 0;
}

static void note(struct mg_lists *l, const char *feed, const char *result, const json_t *detail)
{
	struct sk_err err = {0};

	if (mg_feed_log_add(l->d->store, feed, result, detail, sk_now(), &err) < 0)
		sk_log_err(LOG_ERR, "blocklists", &err);
}

static bool is_long(const struct mg_feed *f, int64_t at)
{
	int64_t interval = json_integer_value(json_object_get(f->definition, "interval"));

	return at - SK_MAX(f->fetched, f->added) > SK_MAX((int64_t)LONG_S, 3 * interval);
}

/* Of a failure: new reasons and long absences are events; the latter go out as mail, too. */
static void tell_failure(struct mg_lists *l, const struct mg_feed *f, bool news, bool urgent)
{
	json_t *s;

	if (!news && !urgent)
		return;
	sk_log(LOG_WARNING, "blocklist %s: %s: %s", f->name, f->result, f->why_en);
	s = json_pack("{ss ss ss ss ss}", "action", f->result, "feed", f->name, "message",
		f->why_en, "message_ja", f->why_ja, "kept",
		f->sha256[0] ? "the last good list stays in use" : "there is no list yet");
	json_object_set_new(s, "entries", json_integer(f->entries));
	if (urgent)
		json_object_set_new(s, "urgent", json_true());
	mg_lists_report(l, s);
}

static void failed(
	struct mg_lists *l, struct mg_feed *f, const char *result, const char *en, const char *ja)
{
	bool refused = sk_streq(result, "refused");
	bool news = !sk_streq(f->result, result) || !sk_streq(f->why_en, en);
	bool was_long = f->failures && is_long(f, f->tried);
	int64_t now = sk_now();

	f->failures = refused ? 0 : f->failures + 1;
	f->tried = now;
	f->next = next_of(f, now);
	snprintf(f->result, sizeof(f->result), "%s", result);
	snprintf(f->why_en, sizeof(f->why_en), "%s", en);
	snprintf(f->why_ja, sizeof(f->why_ja), "%s", ja[0] ? ja : en);
	save(l, f);
	tell_failure(l, f, news, refused ? news : !was_long && is_long(f, now));
}

/* What is wrong with what came, not with the way to it. */
static bool about_content(int code)
{
	return code == -EINVAL || code == -EBADMSG || code == -EFBIG || code == -E2BIG ||
		code == -EILSEQ || code == -ENOSPC;
}

static void cannot_be_had(struct mg_lists *l, struct mg_feed *f, int code, const struct sk_err *err)
{
	const char *result = about_content(code) ? "refused" : "unreachable";
	json_t *detail = json_pack("{ss ss}", "why_en", err->en, "why_ja", err->ja);

	note(l, f->name, result, detail);
	json_decref(detail);
	failed(l, f, result, err->en, err->ja);
}

static void copy_word(const json_t *end, const char *key, char *dst, size_t cap)
{
	const char *s = json_string_value(json_object_get(end, key));

	snprintf(dst, cap, "%s", s && strlen(s) < cap ? s : "");
}

static void succeeded(struct mg_lists *l, struct mg_feed *f, const struct mg_listfetch *fetch)
{
	int64_t now = sk_now();

	f->tried = f->fetched = now;
	f->failures = 0;
	f->next = next_of(f, now);
	snprintf(f->result, sizeof(f->result), "ok");
	f->why_en[0] = f->why_ja[0] = '\0';
	if (!fetch->upload) {
		copy_word(fetch->end, "etag", f->etag, sizeof(f->etag));
		copy_word(fetch->end, "last_modified", f->last_modified, sizeof(f->last_modified));
	}
	save(l, f);
}

void mg_lists_fetched(
	struct mg_lists *l, struct mg_listfetch *fetch, int code, const struct sk_err *err)
{
	struct mg_feed f;
	struct sk_err why = {0};

	if (mg_feed_get(l->d->store, fetch->feed, &f, &why) < 0) {
		mg_listfetch_done(fetch); /* removed meanwhile */
		return;
	}
	if (code == 0 && fetch->list >= 0) {
		fetch->state = MG_LISTFETCH_WAITING;
	} else {
		if (code == 0 && json_is_true(json_object_get(fetch->end, "not_modified"))) {
			succeeded(l, &f, fetch);
		} else if (code == 0) {
			sk_err_en(&why, -EPROTO, NULL, "sekisho-feed sent no list");
			cannot_be_had(l, &f, -EPROTO, &why);
		} else {
			cannot_be_had(l, &f, code, err);
		}
		mg_listfetch_done(fetch);
	}
	mg_feed_done(&f);
}

/* ---- what became of a list --------------------------------------------------------------------
 */
/* A crash between the two leaves the version before, which mg_lists_new puts back. */
static int swap_in(struct mg_lists *l, const char *name, struct sk_err *err)
{
	char staged[512], list[512], prev[512];

	if (mg_lists_path(l->d, name, "staged", staged, sizeof(staged)) < 0 ||
		mg_lists_path(l->d, name, "list", list, sizeof(list)) < 0 ||
		mg_lists_path(l->d, name, "prev", prev, sizeof(prev)) < 0)
		return sk_err_en(
			err, -ENAMETOOLONG, NULL, "the state directory's name is too long");
	if ((rename(list, prev) < 0 && errno != ENOENT) || rename(staged, list) < 0)
		return sk_err_en(err, -errno, NULL, "%s: %s", list, strerror(errno));
	return 0;
}

static json_t *detail_of(const json_t *answer)
{
	static const char *const keys[] = {"entries", "before", "added", "gone", "left_out",
		"lines", "errors", "allow_hits", "contact_hits", "why_en", "why_ja", "examples"};
	json_t *v = json_object();

	for (size_t i = 0; i < SK_ARRAY_SIZE(keys); i++)
		if (json_object_get(answer, keys[i]))
			json_object_set(v, keys[i], json_object_get(answer, keys[i]));
	return v;
}

static void taken(struct mg_lists *l, struct mg_feed *f, const json_t *answer)
{
	static const char *const keys[] = {
		"entries", "added", "gone", "left_out", "errors", "allow_hits", "contact_hits"};
	json_t *s = json_pack("{ss ss}", "action", "fetched", "feed", f->name);

	for (size_t i = 0; i < SK_ARRAY_SIZE(keys); i++)
		if (json_object_get(answer, keys[i]))
			json_object_set(s, keys[i], json_object_get(answer, keys[i]));
	sk_log(LOG_INFO, "blocklist %s: %" PRId64 " entries are in use", f->name, f->entries);
	mg_lists_report(l, s);
	l->dirty = true;
}

static void accepted(
	struct mg_lists *l, struct mg_feed *f, struct mg_listfetch *fetch, const json_t *answer)
{
	json_t *detail = detail_of(answer);
	struct sk_err err = {0};
	bool same;
	char sha[65];

	copy_word(answer, "sha256", sha, sizeof(sha));
	/* The head has the time of the fetch, so equal lists are those without a difference. */
	same = f->sha256[0] && !json_integer_value(json_object_get(answer, "added")) &&
		!json_integer_value(json_object_get(answer, "gone"));
	if (swap_in(l, f->name, &err) < 0) {
		cannot_be_had(l, f, err.code, &err);
		json_decref(detail);
		return;
	}
	snprintf(f->sha256, sizeof(f->sha256), "%s", sha);
	f->entries = json_integer_value(json_object_get(answer, "entries"));
	f->staged[0] = '\0';
	succeeded(l, f, fetch);
	if (!same) {
		note(l, f->name, "ok", detail);
		taken(l, f, answer);
	}
	json_decref(detail);
}

static void refuse(struct mg_lists *l, struct mg_feed *f, const json_t *answer)
{
	json_t *detail = detail_of(answer);
	const char *en = json_string_value(json_object_get(answer, "why_en"));
	const char *ja = json_string_value(json_object_get(answer, "why_ja"));

	copy_word(answer, "sha256", f->staged, sizeof(f->staged));
	note(l, f->name, "refused", detail);
	/* The next fetch brings it anew, not "not modified": the reason may be gone by then. */
	failed(l, f, "refused", en ? en : "", ja ? ja : "");
	json_decref(detail);
}

void mg_lists_checked(struct mg_lists *l, struct mg_listfetch *fetch, const json_t *answer,
	int code, const struct sk_err *err)
{
	struct mg_feed f;

	if (mg_feed_get(l->d->store, fetch->feed, &f, NULL) < 0) {
		mg_lists_forget(l->d, fetch->feed);
		mg_listfetch_done(fetch);
		return;
	}
	if (code < 0)
		cannot_be_had(l, &f, code, err);
	else if (json_is_true(json_object_get(answer, "accept")))
		accepted(l, &f, fetch, answer);
	else
		refuse(l, &f, answer);
	mg_feed_done(&f);
	mg_listfetch_done(fetch);
}

/* The child found its file damaged: fetched anew as if there were none. */
void mg_lists_damaged(struct mg_lists *l, const char *name)
{
	struct mg_feed f;
	struct sk_err err = {0};

	if (!name || mg_feed_get(l->d->store, name, &f, &err) < 0)
		return;
	f.etag[0] = f.last_modified[0] = '\0';
	f.next = 0;
	failed(l, &f, "refused",
		"its file is damaged: the version before it is in use, it is fetched anew",
		"ファイルが破損しているため、ひとつ前の版を使用し、再取得します");
	f.next = 0;
	save(l, &f);
	mg_feed_done(&f);
}

int mg_lists_accept(struct mg_daemon *d, struct mg_feed *f, const char *who, const char *reason,
	struct sk_err *err)
{
	struct mg_lists *l = d->lists;
	struct mg_list_head head = {.json = NULL};
	char path[512];
	struct sk_buf b;
	json_t *s;
	int r = mg_lists_path(d, f->name, "staged", path, sizeof(path));

	sk_buf_init(&b, MG_LIST_DOC_MAX);
	if (r == 0)
		r = sk_file_read(path, &b, err);
	if (r == 0)
		r = mg_list_check(b.data, b.len, &head, NULL, NULL, err);
	if (r == 0)
		r = mg_list_sha256(b.data, b.len, f->sha256);
	sk_buf_done(&b);
	mg_list_head_done(&head);
	/* Another one has been staged, and its check has not been told yet. */
	if (r == 0 && strcmp(f->sha256, f->staged) != 0)
		r = sk_err_set(err, -ESTALE, "accept",
			"another list of %s has just come: look at blocklist history first",
			"%s の別の一覧が届きました。blocklist history を確認してください", f->name);
	if (r == 0)
		r = swap_in(l, f->name, err);
	if (r < 0)
		return r;
	f->entries = (int64_t)head.entries;
	f->fetched = sk_now();
	f->failures = 0;
	f->staged[0] = f->why_en[0] = f->why_ja[0] = '\0';
	snprintf(f->result, sizeof(f->result), "ok");
	save(l, f);
	s = json_pack("{sI ss ss ss}", "entries", (json_int_t)f->entries, "who", who, "why_en",
		reason, "why_ja", reason);
	note(l, f->name, "accepted", s);
	json_decref(s);
	s = json_pack("{sI ss}", "entries", (json_int_t)f->entries, "accepted_by", who);
	taken(l, f, s);
	json_decref(s);
	return 0;
}

void mg_lists_forget(struct mg_daemon *d, const char *name)
{
	static const char *const all[] = {"list", "prev", "staged"};
	char path[512];

	for (size_t i = 0; i < SK_ARRAY_SIZE(all); i++)
		if (mg_lists_path(d, name, all[i], path, sizeof(path)) == 0)
			unlink(path);
}

/* ---- when -------------------------------------------------------------------------------------
 */
struct due {
	struct mg_lists *l;
	int64_t now, wake;
};

static int look_at(const struct mg_feed *f, void *arg)
{
	struct due *due = arg;
	struct mg_feed copy;
	struct sk_err err = {0};
	int r;

	if (!f->enabled || sk_streq(f->name, MG_FEED_LOCAL) ||
		mg_lists_is_upload(due->l->d, f->definition) || mg_listfetch_of(due->l, f->name))
		return 0;
	if (f->next > due->now) {
		due->wake = SK_MIN(due->wake, f->next);
		return 0;
	}
	r = mg_listfetch_start(due->l, f, due->now, &err);
	if (r == -EBUSY) {
		due->wake = due->now + 1;
	} else if (r < 0) {
		copy = *f;
		cannot_be_had(due->l, &copy, r, &err);
		due->wake = SK_MIN(due->wake, copy.next);
	}
	return 0;
}

static void fetch_due(struct mg_lists *l, int64_t now)
{
	struct due due = {l, now, now + 3600};
	struct sk_err err = {0};

	if (now < l->wake)
		return;
	if (mg_feed_each(l->d->store, false, look_at, &due, &err) < 0)
		sk_log_err(LOG_ERR, "blocklists", &err);
	l->wake = due.wake;
}

static void merge_if_needed(struct mg_lists *l)
{
	struct sk_err err = {0};
	int r;

	if (!l->dirty || sk_now() < l->retry_at)
		return;
	r = mg_blocklist_stamp(l->d->store, l->next_stamp, &err);
	if (r == 0 && sk_streq(l->stamp, l->next_stamp)) {
		l->dirty = false;
		return;
	}
	if (r == 0)
		r = mg_job_merge(l, &err);
	if (r == 0)
		l->dirty = false;
	else
		sk_log_err(LOG_ERR, "blocklist document", &err);
}

void mg_lists_go_on(struct mg_lists *l)
{
	struct sk_err err = {0};

	for (size_t i = 0; i < MG_LISTFETCHES && l->job_fd < 0 && !l->child; i++)
		if (l->fetches[i].state == MG_LISTFETCH_WAITING &&
			mg_job_check(l, &l->fetches[i], &err) < 0)
			mg_lists_checked(l, &l->fetches[i], NULL, err.code, &err);
	if (l->job_fd < 0 && !l->child)
		merge_if_needed(l);
	mg_push_tick(l, sk_now());
}

void mg_lists_tick(struct mg_daemon *d, int64_t now)
{
	struct mg_lists *l = d->lists;

	mg_job_tick(l, now);
	fetch_due(l, now);
	mg_lists_go_on(l);
	if (now / 60 != l->minute) {
		l->minute = now / 60;
		mg_lists_flush_hits(l, now);
	}
}

int mg_lists_upload(
	struct mg_daemon *d, const struct mg_feed *f, const void *p, size_t n, struct sk_err *err)
{
	return mg_listfetch_parse(d->lists, f, p, n, err);
}

int mg_lists_fetch_now(struct mg_daemon *d, const char *name, struct sk_err *err)
{
	struct mg_feed f;
	int r = mg_feed_get(d->store, name, &f, err);

	if (r < 0)
		return r;
	f.next = 0;
	save(d->lists, &f);
	mg_feed_done(&f);
	fetch_due(d->lists, sk_now());
	return 0;
}

/* ---- status -----------------------------------------------------------------------------------
 */
void mg_lists_status(const struct mg_daemon *d, json_t *v)
{
	static const char *const keys[] = {"firewall_list", "inspection_list"};
	const struct mg_lists *l = d->lists;
	bool building = l->job_fd >= 0 && !l->checking;

	json_object_set_new(v, "blocklist_state",
		json_string(l->why.code      ? "failed"
				: building   ? "building"
				: l->entries ? "in_use"
					     : "empty"));
	json_object_set_new(v, "entries", json_integer((json_int_t)l->entries));
	json_object_set_new(v, "generation", json_integer((json_int_t)l->generation));
	if (l->why.code)
		json_object_set_new(v, "error", json_string(l->why.en));
	for (int t = 0; t < MG_LISTS_TARGETS; t++) {
		const struct mg_push *p = &l->push[t];
		struct mg_peer *peer = t == MG_LISTS_FW ? d->fw : d->ips;

		if (!l->entries && !p->theirs[0])
			continue;
		json_object_set_new(v, keys[t],
			json_string(!mg_peer_connected(peer)              ? "unreachable"
					: sk_streq(p->theirs, l->sha256)  ? "in_use"
					: sk_streq(p->refused, l->sha256) ? "refused"
									  : "waiting"));
		if (sk_streq(p->refused, l->sha256))
			json_object_set_new(v, "error", json_string(p->why.en));
	}
}

/* ---- start ------------------------------------------------------------------------------------
 */
/* What was being put into use when we died. */
static int put_back(const struct mg_feed *f, void *arg)
{
	struct mg_lists *l = arg;
	char list[512], prev[512];

	if (mg_lists_path(l->d, f->name, "list", list, sizeof(list)) == 0 &&
		mg_lists_path(l->d, f->name, "prev", prev, sizeof(prev)) == 0 &&
		access(list, F_OK) < 0 && access(prev, F_OK) == 0)
		rename(prev, list);
	return 0;
}

int mg_lists_new(struct mg_daemon *d, struct sk_err *err)
{
	struct mg_lists *l = calloc(1, sizeof(*l));
	struct sk_err why = {0};
	char dir[512];
	int r;

	if (!l)
		return sk_err_nomem(err);
	d->lists = l;
	*l = (struct mg_lists){.d = d, .dirty = true, .job_fd = -1, .doc = -1};
	for (size_t i = 0; i < MG_LISTFETCHES; i++)
		l->fetches[i] = (struct mg_listfetch){.l = l, .list = -1};
	mg_push_init(l);
	r = mg_lists_path(d, "", NULL, dir, sizeof(dir));
	if (r < 0)
		return sk_err_en(err, r, d->o.state_dir, "is too long");
	r = sk_mkdir_p(dir, 0700, err);
	if (r == 0)
		r = mg_lists_seed(d, err);
	if (r == 0)
		r = mg_feed_each(d->store, false, put_back, l, err);
	if (r == 0 && mg_job_load(l, &why) < 0)
		sk_log_err(LOG_WARNING, "the last blocklist document", &why);
	return r;
}

void mg_lists_free(struct mg_lists *l)
{
	if (!l)
		return;
	mg_lists_flush_hits(l, sk_now());
	mg_job_end(l);
	for (size_t i = 0; i < MG_LISTFETCHES; i++)
		mg_listfetch_done(&l->fetches[i]);
	mg_push_done(l);
	sk_closep(&l->doc);
	free(l);
}
