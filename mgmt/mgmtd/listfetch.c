// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to sekisho-feed, a few at once, on a connection each. It fetches and parses; what it
 * answers is not believed before it was checked.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/feeds/definition.h"
#include "mgmt/mgmtd/lists_private.h"

#define SLACK_S 60 /* beyond the feed's own time limit: parsing, sorting */

void mg_listfetch_done(struct mg_listfetch *f)
{
	f->io = sd_event_source_disable_unref(f->io);
	sk_closep(&f->fd);
	sk_closep(&f->list);
	json_decref(f->end);
	*f = (struct mg_listfetch){.l = f->l, .fd = -1, .list = -1};
}

struct mg_listfetch *mg_listfetch_of(struct mg_lists *l, const char *feed)
{
	for (size_t i = 0; i < MG_LISTFETCHES; i++)
		if (l->fetches[i].state != MG_LISTFETCH_FREE && sk_streq(l->fetches[i].feed, feed))
			return &l->fetches[i];
	return NULL;
}

static struct mg_listfetch *place(struct mg_lists *l)
{
	for (size_t i = 0; i < MG_LISTFETCHES; i++)
		if (l->fetches[i].state == MG_LISTFETCH_FREE)
			return &l->fetches[i];
	return NULL;
}

/* ---- the answer -------------------------------------------------------------------------------
 */
static void finish(struct mg_listfetch *f, const struct sk_ipc_msg *m)
{
	struct sk_err err = {0};
	int code = sk_ipc_end_code(m->body, &err);

	f->io = sd_event_source_disable_unref(f->io);
	sk_closep(&f->fd);
	f->fd = -1;
	f->end = json_incref(m->body);
	mg_lists_fetched(f->l, f, code, &err);
}

static void give_up(struct mg_listfetch *f, const struct sk_text *why)
{
	struct sk_err err = {0};

	sk_err_set(&err, -EHOSTDOWN, NULL, "%s%.0s", "%.0s%s", why->en, why->ja);
	mg_lists_fetched(f->l, f, -EHOSTDOWN, &err);
}

static int on_answer(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	static const struct sk_text ended = {
		"sekisho-feed ended without an answer; its log says why",
		"sekisho-feed が応答せずに終了しました。詳細はログを確認してください"};
	struct mg_listfetch *f = userdata;
	struct mg_lists *l = f->l;
	struct sk_ipc_msg m;
	int r = sk_ipc_recv(fd, 0, &m, NULL);

	if (r == -ETIMEDOUT)
		return 0;
	if (r < 0) {
		give_up(f, &ended);
		return 0;
	}
	if (m.type == SK_IPC_DATA && m.fd >= 0) {
		sk_closep(&f->list);
		f->list = m.fd;
		m.fd = -1;
	} else if (m.type == SK_IPC_END) {
		finish(f, &m);
	}
	sk_ipc_msg_done(&m);
	mg_lists_go_on(l);
	return 0;
}

/* ---- the request ------------------------------------------------------------------------------
 */
/* body is stolen; memfd stays the caller's. */
static int ask(
	struct mg_lists *l, const struct mg_feed *feed, json_t *body, int memfd, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *owned = body;
	struct mg_listfetch *f = place(l);
	int r;

	if (!owned)
		return sk_err_nomem(err);
	if (!f || mg_listfetch_of(l, feed->name))
		return sk_err_set(err, -EBUSY, NULL, "%s is being fetched; try again in a moment",
			"%s は取得中です。少し待って再度実行してください", feed->name);
	f->fd = sk_ipc_connect(l->d->o.feed_socket, err);
	r = f->fd < 0 ? f->fd : sk_ipc_send(f->fd, SK_IPC_REQUEST, 1, owned, memfd, err);
	if (r == 0 && (r = sd_event_add_io(l->d->ev, &f->io, f->fd, EPOLLIN, on_answer, f)) < 0)
		sk_err_en(err, r, NULL, "sd-event: %s", strerror(-r));
	if (r < 0) {
		mg_listfetch_done(f);
		return r;
	}
	snprintf(f->feed, sizeof(f->feed), "%s", feed->name);
	f->state = MG_LISTFETCH_ASKING;
	f->since = sk_now();
	f->patience = MG_FEED_TIMEOUT_MAX + SLACK_S;
	return 0;
}

/* The list in use, so that `since` is kept; -1: there is none. */
static int previous(struct mg_lists *l, const char *name)
{
	char path[512];
	struct sk_buf b;
	int fd = -1;

	sk_buf_init(&b, MG_LIST_DOC_MAX);
	if (mg_lists_path(l->d, name, "list", path, sizeof(path)) == 0 &&
		sk_file_read(path, &b, NULL) == 0)
		fd = sk_memfd("feed-list", b.data, b.len);
	sk_buf_done(&b);
	return fd;
}

int mg_listfetch_start(struct mg_lists *l, const struct mg_feed *f, int64_t now, struct sk_err *err)
{
	_cleanup_(sk_closep) int before = previous(l, f->name);
	/* Without the list there is nothing that "not modified" could refer to. */
	bool have = before >= 0;

	return ask(l, f,
		json_pack("{s:s, s:{s:O, s:s, s:s, s:I}}", "op", "feed.fetch", "args", "definition",
			f->definition, "etag", have ? f->etag : "", "last_modified",
			have ? f->last_modified : "", "now", (json_int_t)now),
		before, err);
}

int mg_listfetch_parse(
	struct mg_lists *l, const struct mg_feed *f, const void *p, size_t n, struct sk_err *err)
{
	_cleanup_(sk_closep) int file = sk_memfd("feed-file", p, n);
	int r = file < 0 ? sk_err_nomem(err)
			 : ask(l, f,
				   json_pack("{s:s, s:{s:O, s:I, s:s}}", "op", "feed.parse", "args",
					   "definition", f->definition, "now", (json_int_t)sk_now(),
					   "name", f->name),
				   file, err);

	if (r == 0)
		mg_listfetch_of(l, f->name)->upload = true;
	return r;
}

void mg_listfetch_tick(struct mg_lists *l, int64_t now)
{
	static const struct sk_text silent = {
		"sekisho-feed does not answer", "sekisho-feed が応答しません"};

	for (size_t i = 0; i < MG_LISTFETCHES; i++) {
		struct mg_listfetch *f = &l->fetches[i];

		if (f->state == MG_LISTFETCH_ASKING && now - f->since > f->patience)
			give_up(f, &silent);
	}
}
