// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The document handed to fwd and ipsd: at every change, and whenever one of them says that it has
 * another. On a connection of its own, since loading a million entries takes a while. What was
 * refused is shown and not sent again before something changes.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/lists_private.h"
#include "mgmt/mgmtd/peer.h"

#define WAIT_S 120 /* for the answer */
#define BUSY_S 2

static struct mg_peer *peer_of(const struct mg_lists *l, const struct mg_push *p)
{
	return p == &l->push[MG_LISTS_FW] ? l->d->fw : l->d->ips;
}

static const char *socket_of(const struct mg_lists *l, const struct mg_push *p)
{
	return p == &l->push[MG_LISTS_FW] ? l->d->o.fwd_socket : l->d->o.ips_socket;
}

static void hang_up(struct mg_push *p)
{
	p->io = sd_event_source_disable_unref(p->io);
	sk_closep(&p->fd);
	p->fd = -1;
}

void mg_push_init(struct mg_lists *l)
{
	l->push[MG_LISTS_FW].op = "blocklist.apply";
	l->push[MG_LISTS_FW].name = "sekisho-fwd";
	l->push[MG_LISTS_IPS].op = "lists.apply";
	l->push[MG_LISTS_IPS].name = "sekisho-ipsd";
	for (int t = 0; t < MG_LISTS_TARGETS; t++) {
		l->push[t].l = l;
		l->push[t].fd = -1;
	}
}

void mg_push_done(struct mg_lists *l)
{
	for (int t = 0; t < MG_LISTS_TARGETS; t++)
		hang_up(&l->push[t]);
}

/* ---- answers ----------------------------------------------------------------------------------
 */
static void refused(struct mg_push *p, const struct sk_err *err)
{
	snprintf(p->refused, sizeof(p->refused), "%s", p->l->sha256);
	p->why = *err;
	sk_log(LOG_ERR, "%s refused the blocklists: %s", p->name, err->en);
	mg_lists_report(p->l,
		json_pack("{ss ss ss sI}", "action", "refused", "by", p->name, "message", err->en,
			"generation", (json_int_t)p->l->generation));
}

static void answered(struct mg_push *p, const json_t *end)
{
	const char *sha = json_string_value(json_object_get(end, "sha256"));
	struct sk_err err = {0};
	int code = sk_ipc_end_code(end, &err);

	if (code == -EBUSY) {
		p->not_before = sk_now() + BUSY_S;
	} else if (code < 0) {
		refused(p, &err);
	} else {
		snprintf(p->theirs, sizeof(p->theirs), "%s", sha ? sha : "");
		p->refused[0] = '\0';
		p->taken_at = sk_now();
		sk_log(LOG_INFO, "%s uses blocklist document %" JSON_INTEGER_FORMAT, p->name,
			json_integer_value(json_object_get(end, "generation")));
	}
}

static int on_answer(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	struct mg_push *p = userdata;
	struct sk_ipc_msg m;
	int r = sk_ipc_recv(fd, 0, &m, NULL);

	if (r == -ETIMEDOUT)
		return 0;
	if (r < 0) { /* it went away; when it is back it says what it uses */
		p->not_before = sk_now() + BUSY_S;
		hang_up(p);
		return 0;
	}
	if (m.type == SK_IPC_END) {
		hang_up(p);
		answered(p, m.body);
		mg_lists_go_on(p->l);
	}
	sk_ipc_msg_done(&m);
	return 0;
}

static int request(struct mg_push *p, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *body = json_pack("{s:s}", "op", p->op);
	int r;

	if (!body)
		return sk_err_nomem(err);
	p->fd = sk_ipc_connect(socket_of(p->l, p), err);
	if (p->fd < 0)
		return p->fd;
	r = sk_ipc_send(p->fd, SK_IPC_REQUEST, 1, body, p->l->doc, err);
	if (r == 0 && (r = sd_event_add_io(p->l->d->ev, &p->io, p->fd, EPOLLIN, on_answer, p)) < 0)
		sk_err_en(err, r, NULL, "sd-event: %s", strerror(-r));
	p->sent_at = sk_now();
	return r;
}

/* ---- when -------------------------------------------------------------------------------------
 */
static void push(struct mg_push *p, int64_t now)
{
	struct mg_lists *l = p->l;
	struct sk_err err = {0};

	if (p->fd >= 0 && now - p->sent_at > WAIT_S) {
		sk_log(LOG_ERR, "%s does not answer about the blocklists", p->name);
		hang_up(p);
	}
	/* Where nothing is listed, there is nothing to say to one that has nothing. */
	if (l->doc < 0 || p->fd >= 0 || now < p->not_before || !mg_peer_connected(peer_of(l, p)) ||
		!strcmp(p->theirs, l->sha256) || !strcmp(p->refused, l->sha256) ||
		(!l->entries && !p->theirs[0]))
		return;
	if (request(p, &err) < 0) {
		sk_log_err(LOG_WARNING, p->op, &err);
		hang_up(p);
		p->not_before = now + BUSY_S;
	}
}

void mg_push_tick(struct mg_lists *l, int64_t now)
{
	for (int t = 0; t < MG_LISTS_TARGETS; t++)
		push(&l->push[t], now);
}

/* Also a document that was refused before: what was wrong may have been its own. */
void mg_lists_connected(struct mg_daemon *d, enum mg_lists_target t, const json_t *status)
{
	const json_t *s = json_object_get(status, t == MG_LISTS_FW ? "blocklist" : "lists");
	const char *sha = json_string_value(json_object_get(s, "sha256"));
	uint64_t generation = (uint64_t)json_integer_value(json_object_get(s, "generation"));
	struct mg_push *p;

	if (!d->lists)
		return;
	p = &d->lists->push[t];
	snprintf(p->theirs, sizeof(p->theirs), "%s", sha ? sha : "");
	p->refused[0] = '\0';
	p->not_before = 0;
	/* Ours was lost, or a change of one entry went ahead of it: the next one must have a number
	 * that nobody has seen. */
	if (generation > d->lists->generation) {
		d->lists->used = SK_MAX(d->lists->used, generation);
		d->lists->stamp[0] = d->lists->content[0] = '\0';
		mg_lists_dirty(d->lists);
	}
}

bool mg_lists_block_now(struct mg_daemon *d, const struct mg_entry *e)
{
	struct mg_lists *l = d->lists;
	struct mg_push *p = &l->push[MG_LISTS_FW];
	struct sk_err err = {0};
	json_t *args;
	int r;

	if ((e->kind != SK_BL_ADDR4 && e->kind != SK_BL_ADDR6) || l->doc < 0 ||
		strcmp(p->theirs, l->sha256) || !mg_peer_connected(d->fw))
		return false;
	args = json_pack("{sI sI s[[sss]] s[]}", "base", (json_int_t)l->generation, "generation",
		(json_int_t)l->used + 1, "add", sk_bl_kind_name(e->kind), e->value, MG_FEED_LOCAL,
		"remove");
	r = args ? mg_fw_call_ms(d, "blocklist.change", args, -1, 1000, NULL, NULL, NULL, &err)
		 : -ENOMEM;
	if (r < 0) {
		sk_log_err(LOG_NOTICE, "blocklist.change", &err);
		return false;
	}
	/* It now has what no document of ours says: the next one brings both together. */
	l->used++;
	p->theirs[0] = '?';
	p->theirs[1] = '\0';
	return true;
}
