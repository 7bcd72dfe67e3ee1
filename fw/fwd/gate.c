/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the gate is to be (ports, rows), and the ways there: the whole, after a change of ports or
 * interfaces or a foreign hand; single rows, which is what happens all day. Bridge entries are made
 * before the rules let a device in, and removed after they keep it out.
 */
#include "fw/fwd/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include "fw/fwd/bridge.h"
#include "fw/fwd/fwd.h"
#include "fw/fwd/gate_int.h"
#include "fw/nft/gate.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"

#define FILE_NAME "gate.json"
#define FILE_BYTES (64u << 10)
#define MS_US 1000u
#define S_MS 1000u
#define FOLLOW_TURNS 4
#define EXPIRY_SLACK_MS 20 /* after the kernel's own */
#define WARN "the gate: "

uint64_t fwd_gate_now(void)
{
	return sk_mono_us() / MS_US;
}

static struct fwd_gate_port *state_of(struct fwd_gate *g, const char *name)
{
	for (size_t i = 0; i < g->conf.n; i++)
		if (strncmp(g->conf.ports[i].name, name, IFNAMSIZ) == 0)
			return &g->ports[i];
	return NULL;
}

/* ---- what is wanted ---- */

static int key_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct fw_gate_key));
}

static void add_own(struct fwd_gate *g, const char *port, const struct fwd_link *l)
{
	const struct fw_gate_key k = l ? fw_gate_key(port, l->mac) : (struct fw_gate_key){0};

	if (!l || !fw_mac_single(l->mac) || g->n_own == SK_ARRAY_SIZE(g->own))
		return;
	for (size_t i = 0; i < g->n_own; i++)
		if (key_cmp(&g->own[i], &k) == 0)
			return;
	g->own[g->n_own++] = k;
}

/* The interfaces as they are now; true if that makes a difference to the gate. */
static bool look(struct fwd_gate *g)
{
	struct fw_gate_key before[SK_ARRAY_SIZE(g->own)];
	const size_t n_before = g->n_own;
	bool changed = false;

	memcpy(before, g->own, sizeof(before));
	g->n_own = 0;
	for (size_t i = 0; i < g->conf.n; i++) {
		const char *name = g->conf.ports[i].name;
		const struct fwd_link *l = fwd_bridge_link(g->bridge, name);
		const int index = l ? l->index : 0, master = l && l->port ? l->master : 0;
		const bool locked = l && l->locked;

		changed |= index != g->ports[i].index || master != g->ports[i].master ||
			(master && !g->ports[i].no_lock &&
				locked != (g->conf.ports[i].mode == FW_GATE_ENFORCE));
		g->ports[i].index = index;
		g->ports[i].master = master;
		g->ports[i].locked = locked;
		add_own(g, name, l);
		if (master)
			add_own(g, name, fwd_bridge_link_at(g->bridge, master));
	}
	if (g->n_own)
		qsort(g->own, g->n_own, sizeof(g->own[0]), key_cmp);
	return changed || g->n_own != n_before || memcmp(before, g->own, sizeof(before)) != 0;
}

struct want {
	struct fw_nft_gate_want w;
	bool present[FW_GATE_PORTS_MAX];
	struct fw_gate_row *rows;
};

static int want_init(struct fwd_gate *g, struct want *x)
{
	static const uint8_t none[1][FW_MAC_LEN];

	memset(x, 0, sizeof(*x));
	x->rows = fw_gate_rows_array(g->rows, &x->w.n_rows);
	if (!x->rows)
		return -ENOMEM;
	for (size_t i = 0; i < g->conf.n; i++)
		x->present[i] = g->ports[i].index != 0;
	x->w.conf = &g->conf;
	x->w.present = x->present;
	x->w.rows = x->rows;
	x->w.gateway = g->own;
	x->w.n_gateway = g->n_own;
	x->w.known = g->known ? (const uint8_t(*)[FW_MAC_LEN])g->known : none;
	x->w.n_known = g->n_known;
	x->w.now = fwd_gate_now();
	return 0;
}

/* ---- the bridges ---- */

static bool has_entry(const struct fwd_gate *g, const struct fw_gate_port *p, enum fw_gate_state s)
{
	return p->mode == FW_GATE_ENFORCE && fw_gate_verdict_in(p, s) != FW_GATE_V_DROP;
}

static void bridge_trouble(struct fwd_gate *g, const char *port, int r)
{
	/* It may have vanished this moment; then the next look tells. */
	if (r == 0 || r == -ENODEV || r == -ENOENT)
		return;
	fwd_warn(g->d, WARN "port %s cannot be locked in its bridge: %s", port, strerror(-r));
	sk_log(LOG_WARNING, WARN "port %s cannot be locked in its bridge: %s", port, strerror(-r));
}

static void entry(struct fwd_gate *g, const struct fw_gate_key *key, bool add)
{
	const struct fwd_gate_port *s = state_of(g, key->port);
	const struct fwd_link *l = fwd_bridge_link(g->bridge, key->port);

	if (!s || !l || !s->master)
		return;
	bridge_trouble(g, key->port,
		add ? fwd_bridge_entry_add(g->bridge, l, key->mac)
		    : fwd_bridge_entry_del(g->bridge, l, key->mac));
}

struct entries {
	struct fwd_gate *g;
	struct fw_gate_key *v; /* at our ports; sorted in the end */
	size_t n, cap;
};

static int on_entry(int index, const uint8_t *mac, void *arg)
{
	struct entries *e = arg;

	for (size_t i = 0; i < e->g->conf.n; i++) {
		if (e->g->ports[i].index != index || !e->g->ports[i].master)
			continue;
		if (sk_grow(&e->v, &e->cap, e->n + 1, sizeof(*e->v)) < 0)
			return -ENOMEM;
		e->v[e->n++] = fw_gate_key(e->g->conf.ports[i].name, mac);
	}
	return 0;
}

static int read_entries(struct fwd_gate *g, struct entries *e)
{
	*e = (struct entries){.g = g};
	int r = fwd_bridge_entries(g->bridge, on_entry, e);

	if (e->n)
		qsort(e->v, e->n, sizeof(*e->v), key_cmp);
	return r;
}

/* Before the rules: entries for all who may pass, then the locks. Nobody loses a frame by it. */
static void bridges_before(struct fwd_gate *g, const struct want *x)
{
	struct entries e;

	read_entries(g, &e);
	for (size_t i = 0; i < x->w.n_rows; i++) {
		const struct fw_gate_row *row = &x->rows[i];
		const struct fw_gate_port *p = fw_gate_conf_find(&g->conf, row->key.port);

		if (p && has_entry(g, p, row->state) && row->until > x->w.now &&
			!(e.n && bsearch(&row->key, e.v, e.n, sizeof(*e.v), key_cmp)))
			entry(g, &row->key, true);
	}
	for (size_t i = 0; i < g->conf.n; i++) {
		const char *name = g->conf.ports[i].name;
		const struct fwd_link *l = fwd_bridge_link(g->bridge, name);

		if (g->conf.ports[i].mode != FW_GATE_ENFORCE || !l || !g->ports[i].master ||
			g->ports[i].locked)
			continue;
		int r = fwd_bridge_lock(g->bridge, l, true);
		bridge_trouble(g, name, r);
		g->ports[i].locked = r == 0;
		g->ports[i].no_lock = r == -EOPNOTSUPP || r == -EINVAL;
	}
	free(e.v);
}

/* An entry nobody may have: of a device that left, of a foreign hand, of a port that opens. */
static bool stale(struct fwd_gate *g, const struct fw_gate_key *k)
{
	const struct fw_gate_port *p = fw_gate_conf_find(&g->conf, k->port);
	const struct fw_gate_row *row = fw_gate_rows_get(g->rows, k);

	return p && !(row && has_entry(g, p, row->state) && row->until > fwd_gate_now());
}

static void unlock(struct fwd_gate *g, const char *name)
{
	const struct fwd_link *l = fwd_bridge_link(g->bridge, name);

	if (l && l->port)
		bridge_trouble(g, name, fwd_bridge_lock(g->bridge, l, false));
}

/* After the rules: what they keep out loses its entry, ports that are not enforced open. */
static void bridges_after(struct fwd_gate *g)
{
	bool ours[FW_GATE_PORTS_MAX];
	struct entries e;

	/* Opened first: behind a lock, a device without its entry is cut off. */
	for (size_t i = 0; i < g->conf.n; i++) {
		ours[i] = g->ports[i].locked;
		if (g->conf.ports[i].mode == FW_GATE_ENFORCE || !g->ports[i].locked)
			continue;
		unlock(g, g->conf.ports[i].name);
		g->ports[i].locked = false;
	}
	read_entries(g, &e);
	for (size_t i = 0; i < e.n; i++) {
		const struct fwd_gate_port *s = state_of(g, e.v[i].port);

		if (s && ours[s - g->ports] && stale(g, &e.v[i]))
			entry(g, &e.v[i], false);
	}
	free(e.v);
}

/* ---- the whole ---- */

static void group_of(struct fwd_gate *g, size_t i)
{
	struct fwd_gate_port *s = &g->ports[i];
	struct fw_gate_tally t;

	fw_gate_rows_tally(g->rows, g->conf.ports[i].name, &t);
	s->group = fw_gate_verdict_group(&g->conf.ports[i], &t, &s->verdict, &s->until);
}

static int put_all(struct fwd_gate *g, struct sk_err *err)
{
	struct want x;

	if (want_init(g, &x) < 0)
		return sk_err_nomem(err);
	fwd_unwarn(g->d, WARN);
	bridges_before(g, &x);
	int r = fw_nft_gate_apply(g->nft, &x.w, err);
	free(x.rows);
	g->dirty = r < 0;
	if (r < 0)
		return r;
	bridges_after(g);
	for (size_t i = 0; i < g->conf.n; i++)
		group_of(g, i);
	g->started = true;
	fwd_gate_listen(g);
	return 0;
}

/* The same where nobody waits for an answer. */
static void put_all_again(struct fwd_gate *g)
{
	struct sk_err err = {0};

	if (put_all(g, &err) == 0)
		return;
	sk_log_err(LOG_ERR, "the gate", &err);
	fwd_warn(g->d, WARN "%s", err.en);
}

/* ---- single rows ---- */

struct edits {
	struct fw_nft_gate_edit *v;
	size_t n, cap;
	int err;
};

static void add_edit(struct edits *e, const struct fw_nft_gate_edit *x)
{
	if (e->err == 0)
		e->err = sk_grow(&e->v, &e->cap, e->n + 1, sizeof(*x));
	if (e->err == 0)
		e->v[e->n++] = *x;
}

/* old or new may be NULL. */
static void edit_row(struct edits *e, const struct fw_gate_port *p, const struct fw_gate_row *old,
	const struct fw_gate_row *new, uint64_t now)
{
	for (unsigned l = FW_GATE_L_IN; l <= FW_GATE_L_OUT; l++) {
		struct fw_nft_gate_edit x = {.list = l,
			.remove = old && old->until > now,
			.add = new != NULL,
			.same = old &&new && old->state == new->state,
			.elem = fw_nft_gate_elem(p, new ? new : old, l, now)};

		if (x.remove || x.add)
			add_edit(e, &x);
	}
}

static void edit_group(struct fwd_gate *g, struct edits *e, size_t i, uint64_t now)
{
	const struct fwd_gate_port before = g->ports[i];
	struct fw_nft_gate_edit x = {.list = FW_GATE_L_GROUP};

	group_of(g, i);
	const struct fwd_gate_port *s = &g->ports[i];
	if (s->group == before.group &&
		(!s->group || (s->verdict == before.verdict && s->until == before.until)))
		return;
	x.remove = before.group && before.until > now;
	x.add = s->group && s->until > now;
	x.same = s->verdict == before.verdict;
	x.elem.verdict = s->verdict;
	x.elem.ms = x.add ? s->until - now : 0;
	memcpy(x.elem.key, g->conf.ports[i].name, IFNAMSIZ);
	if (x.remove || x.add)
		add_edit(e, &x);
}

static int send_edits(struct fwd_gate *g, struct edits *e, struct sk_err *err)
{
	int r = e->err < 0 ? sk_err_nomem(err) : 0;

	if (r == 0 && e->n && !g->dirty)
		r = fw_nft_gate_edit(g->nft, e->v, e->n, err);
	if (g->dirty || (r < 0 && e->err == 0))
		r = put_all(g, err); /* an element's time ended between our look and the change */
	free(e->v);
	return r;
}

static void arm_expiry(struct fwd_gate *g)
{
	const uint64_t next = fw_gate_rows_next(g->rows);

	if (next == UINT64_MAX) {
		sd_event_source_set_enabled(g->expiry, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(g->expiry, (next + EXPIRY_SLACK_MS) * MS_US);
	sd_event_source_set_enabled(g->expiry, SD_EVENT_ONESHOT);
}

struct sweep {
	struct fwd_gate *g;
	uint64_t now;
};

static bool is_over(const struct fw_gate_row *row, void *arg)
{
	const struct sweep *s = arg;

	if (row->until > s->now)
		return false;
	entry(s->g, &row->key, false);
	return true;
}

static int on_expiry(sd_event_source *src, uint64_t usec, void *arg)
{
	struct fwd_gate *g = arg;
	struct sweep s = {g, fwd_gate_now()};

	fw_gate_rows_walk(g->rows, is_over, &s);
	arm_expiry(g);
	return 0;
}

static void touch(struct fwd_gate *g, bool touched[FW_GATE_PORTS_MAX], const char *port)
{
	for (size_t i = 0; i < g->conf.n; i++)
		if (strncmp(g->conf.ports[i].name, port, IFNAMSIZ) == 0)
			touched[i] = true;
}

static void edit_groups(
	struct fwd_gate *g, struct edits *e, const bool touched[FW_GATE_PORTS_MAX], uint64_t now)
{
	for (size_t i = 0; i < g->conf.n; i++)
		if (touched[i])
			edit_group(g, e, i, now);
}

static int check_ask(
	struct fwd_gate *g, const struct fwd_gate_ask *a, size_t i, size_t more, struct sk_err *err)
{
	char path[32];

	if (!fw_gate_conf_find(&g->conf, a->key.port)) {
		snprintf(path, sizeof(path), "rows[%zu].port", i);
		return sk_err_set(err, -ENOENT, path, "the gate has no port %s",
			"ポート %s は管理対象ではありません", a->key.port);
	}
	snprintf(path, sizeof(path), "rows[%zu].mac", i);
	for (size_t k = 0; k < g->n_own; k++)
		if (memcmp(g->own[k].mac, a->key.mac, FW_MAC_LEN) == 0)
			return sk_err_set(err, -EPERM, path, "this is the gateway's own address",
				"本装置自身のアドレスです");
	if (more > FW_GATE_ROWS_MAX)
		return sk_err_set(err, -ENOSPC, path, "more than %u devices",
			"機器が%u台を超えます", (unsigned)FW_GATE_ROWS_MAX);
	return 0;
}

/* Two of one device in a request: the later holds. */
static bool again(const struct fwd_gate_ask *v, size_t n, size_t i)
{
	for (size_t k = i + 1; k < n && k < i + 64; k++)
		if (key_cmp(&v[k].key, &v[i].key) == 0)
			return true;
	return false;
}

struct leaving {
	struct fwd_gate *g;
	struct edits *e;
	bool *touched;
	const struct fw_gate_key *keep; /* sorted */
	size_t n_keep;
	struct fw_gate_key *gone;
	size_t n_gone, cap_gone;
	uint64_t now;
};

static bool leaves(const struct fw_gate_row *row, void *arg)
{
	struct leaving *l = arg;
	const struct fw_gate_port *p = fw_gate_conf_find(&l->g->conf, row->key.port);

	if (l->n_keep && bsearch(&row->key, l->keep, l->n_keep, sizeof(*l->keep), key_cmp))
		return false;
	if (sk_grow(&l->gone, &l->cap_gone, l->n_gone + 1, sizeof(*l->gone)) < 0) {
		l->e->err = -ENOMEM;
		return false;
	}
	l->gone[l->n_gone++] = row->key;
	if (p)
		edit_row(l->e, p, row, NULL, l->now);
	touch(l->g, l->touched, row->key.port);
	return true;
}

static void after_close(struct fwd_gate *g, const struct fw_gate_key *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		entry(g, &v[i], false);
		fw_nft_gate_forget(g->nft, &v[i], NULL);
	}
}

static int sorted_keys(const struct fwd_gate_ask *v, size_t n, struct fw_gate_key **ret)
{
	struct fw_gate_key *k = calloc(n + 1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		k[i] = v[i].key;
	if (n)
		qsort(k, n, sizeof(*k), key_cmp);
	*ret = k;
	return 0;
}

static void admit_one(
	struct fwd_gate *g, struct edits *e, const struct fwd_gate_ask *a, uint64_t now)
{
	const struct fw_gate_port *p = fw_gate_conf_find(&g->conf, a->key.port);
	const struct fw_gate_row *old = fw_gate_rows_get(g->rows, &a->key);
	const struct fw_gate_row row = {
		.key = a->key, .state = a->state, .until = now + a->seconds * S_MS};

	edit_row(e, p, old, &row, now);
	if (fw_gate_rows_put(g->rows, &row) < 0)
		e->err = -ENOSPC;
	if (has_entry(g, p, row.state))
		entry(g, &row.key, true);
}

int fwd_gate_admit(struct fwd *d, const struct fwd_gate_ask *v, size_t n, bool whole,
	uint64_t *ret_us, struct sk_err *err)
{
	struct fwd_gate *g = d->gate;
	bool touched[FW_GATE_PORTS_MAX] = {0};
	_cleanup_(sk_freep) struct fw_gate_key *keep = NULL;
	struct edits e = {0};
	struct leaving l = {.g = g, .e = &e, .touched = touched, .now = fwd_gate_now()};
	const uint64_t begin = sk_mono_us();
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = check_ask(g, &v[i], i, whole ? n : fw_gate_rows_count(g->rows) + n, err);
	if (r < 0)
		return r;
	if (whole) {
		if (sorted_keys(v, n, &keep) < 0)
			return sk_err_nomem(err);
		l.keep = keep;
		l.n_keep = n;
		fw_gate_rows_walk(g->rows, leaves, &l);
	}
	for (size_t i = 0; i < n; i++) {
		if (again(v, n, i))
			continue;
		admit_one(g, &e, &v[i], l.now);
		touch(g, touched, v[i].key.port);
	}
	edit_groups(g, &e, touched, l.now);
	r = send_edits(g, &e, err);
	*ret_us = sk_mono_us() - begin;
	after_close(g, l.gone, l.n_gone);
	free(l.gone);
	arm_expiry(g);
	return r;
}

int fwd_gate_close(
	struct fwd *d, const struct fw_gate_key *v, size_t n, uint64_t *ret_us, struct sk_err *err)
{
	struct fwd_gate *g = d->gate;
	bool touched[FW_GATE_PORTS_MAX] = {0};
	const uint64_t begin = sk_mono_us(), now = fwd_gate_now();
	struct edits e = {0};

	for (size_t i = 0; i < n; i++) {
		const struct fw_gate_row *old = fw_gate_rows_get(g->rows, &v[i]);
		const struct fw_gate_port *p = fw_gate_conf_find(&g->conf, v[i].port);

		if (!old)
			continue;
		if (p)
			edit_row(&e, p, old, NULL, now);
		fw_gate_rows_del(g->rows, &v[i]);
		touch(g, touched, v[i].port);
	}
	edit_groups(g, &e, touched, now);
	int r = send_edits(g, &e, err);
	*ret_us = sk_mono_us() - begin;
	after_close(g, v, n);
	arm_expiry(g);
	return r;
}

struct cut {
	const struct fw_ip *v;
	size_t n;
};

static bool is_of(const struct fwd_conn *conn, void *arg)
{
	const struct cut *c = arg;
	const struct fw_ip *const ends[] = {&conn->src, &conn->dst, &conn->real_dst};

	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < SK_ARRAY_SIZE(ends); k++)
			if (ends[k]->family == c->v[i].family && ends[k]->a == c->v[i].a)
				return true;
	return false;
}

int fwd_gate_cut(
	struct fwd *d, const struct fw_ip *v, size_t n, size_t *ret_cut, struct sk_err *err)
{
	struct cut c = {v, n};

	*ret_cut = 0;
	return n ? fwd_ct_cut(d->ct, is_of, &c, ret_cut, err) : 0;
}

/* ---- registered devices ---- */

static int mac_cmp(const void *a, const void *b)
{
	return memcmp(a, b, FW_MAC_LEN);
}

static void edit_known(struct edits *e, const uint8_t *mac, bool is_add)
{
	struct fw_nft_gate_edit x = {.list = FW_GATE_L_KNOWN, .remove = !is_add, .add = is_add};

	memcpy(x.elem.key, mac, FW_MAC_LEN);
	add_edit(e, &x);
}

int fwd_gate_known(struct fwd *d, uint8_t (*v)[FW_MAC_LEN], size_t n, struct sk_err *err)
{
	struct fwd_gate *g = d->gate;
	struct edits e = {0};
	size_t unique = 0, i = 0, k = 0;

	if (n)
		qsort(v, n, FW_MAC_LEN, mac_cmp);
	for (size_t m = 0; m < n; m++)
		if (unique == 0 || mac_cmp(v[unique - 1], v[m]) != 0)
			memmove(v[unique++], v[m], FW_MAC_LEN);
	while (i < g->n_known || k < unique) {
		const int c = i == g->n_known ? 1 : k == unique ? -1 : mac_cmp(g->known[i], v[k]);

		if (c < 0)
			edit_known(&e, g->known[i], false);
		if (c > 0)
			edit_known(&e, v[k], true);
		i += c <= 0;
		k += c >= 0;
	}
	free(g->known);
	g->known = v;
	g->n_known = unique;
	return send_edits(g, &e, err);
}

int fwd_gate_forget(struct fwd *d, const struct fw_gate_key *v, size_t n, struct sk_err *err)
{
	struct fwd_gate *g = d->gate;
	int r = n ? 0 : fw_nft_gate_forget(g->nft, NULL, err);

	for (size_t i = 0; i < n && r == 0; i++)
		r = fw_nft_gate_forget(g->nft, &v[i], err);
	return r;
}

struct fw_gate_row *fwd_gate_list(struct fwd *d, size_t *ret_n, uint64_t *ret_now)
{
	*ret_now = fwd_gate_now();
	return fw_gate_rows_array(d->gate->rows, ret_n);
}

/* ---- ports ---- */

static void follow(struct fwd_gate *g);

static int save(struct fwd_gate *g, const struct fw_gate_conf *c, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = fw_gate_conf_to_json(c);
	struct sk_buf b;

	if (!v)
		return sk_err_nomem(err);
	sk_buf_init(&b, FILE_BYTES);
	sk_json_put(&b, v);
	int r = sk_buf_error(&b);
	if (r == 0)
		r = fwd_persist_write(g->d->disk, FILE_NAME, b.data, b.len, err);
	sk_buf_done(&b);
	return r;
}

static bool of_no_port(const struct fw_gate_row *row, void *arg)
{
	const struct fwd_gate *g = arg;

	return !fw_gate_conf_find(&g->conf, row->key.port);
}

/* Ports that are in the old list alone are let go, when the rules have done so. */
static void release(struct fwd_gate *g, const struct fw_gate_conf *old)
{
	for (size_t i = 0; i < old->n; i++) {
		const struct fw_gate_port *p = &old->ports[i];
		const struct fwd_link *l = fwd_bridge_link(g->bridge, p->name);

		if (!fw_gate_conf_find(&g->conf, p->name) && p->mode == FW_GATE_ENFORCE && l &&
			l->port)
			unlock(g, p->name);
	}
}

static void use(struct fwd_gate *g, const struct fw_gate_conf *c)
{
	g->conf = *c;
	memset(g->ports, 0, sizeof(g->ports));
	look(g);
}

int fwd_gate_ports(struct fwd *d, const struct fw_gate_conf *c, struct sk_err *err)
{
	struct fwd_gate *g = d->gate;
	struct fw_gate_conf *old = malloc(sizeof(*old));
	int r;

	if (!old)
		return sk_err_nomem(err);
	*old = g->conf;
	r = save(g, c, err);
	if (r < 0) {
		free(old);
		return r;
	}
	fwd_bridge_refresh(g->bridge, NULL);
	use(g, c);
	r = put_all(g, err);
	if (r < 0) {
		/* As it was; if that fails, too, it is retried. */
		use(g, old);
		save(g, old, NULL);
		put_all_again(g);
	} else {
		fw_gate_rows_walk(g->rows, of_no_port, g);
		release(g, old);
		follow(g);
	}
	free(old);
	return r;
}

static int load(struct fwd_gate *g, struct fw_gate_conf *ret, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = NULL;
	struct sk_buf b;
	int r;

	sk_buf_init(&b, FILE_BYTES);
	r = fwd_persist_read(g->d->disk, FILE_NAME, &b, err);
	if (r == 0) {
		v = sk_json_parse(sk_buf_str(&b), b.len, err);
		r = v ? fw_gate_conf_from_json(v, ret, err) : -EBADMSG;
	}
	sk_buf_done(&b);
	return r;
}

/* Rows of a port whose interface went away went with it. */
struct unplugged {
	struct fwd_gate *g;
	bool gone[FW_GATE_PORTS_MAX];
};

static bool is_unplugged(const struct fw_gate_row *row, void *arg)
{
	const struct unplugged *u = arg;

	for (size_t i = 0; i < u->g->conf.n; i++)
		if (u->gone[i] && strncmp(u->g->conf.ports[i].name, row->key.port, IFNAMSIZ) == 0)
			return true;
	return false;
}

/* What changed since the last look is followed; what we change ourselves is a change, too. */
static void follow(struct fwd_gate *g)
{
	for (int turn = 0; turn < FOLLOW_TURNS; turn++) {
		struct unplugged u = {.g = g};
		int before[FW_GATE_PORTS_MAX];
		struct sk_err err = {0};

		if (fwd_bridge_refresh(g->bridge, &err) < 0) {
			sk_log_err(LOG_WARNING, "the gate", &err);
			break;
		}
		for (size_t i = 0; i < g->conf.n; i++)
			before[i] = g->ports[i].index;
		if (!look(g))
			return;
		for (size_t i = 0; i < g->conf.n; i++)
			u.gone[i] = before[i] && before[i] != g->ports[i].index;
		fw_gate_rows_walk(g->rows, is_unplugged, &u);
		put_all_again(g);
		arm_expiry(g);
	}
	g->dirty = true; /* does not come to rest: again in a second */
}

static int on_links(sd_event_source *src, int fd, uint32_t revents, void *arg)
{
	struct fwd_gate *g = arg;

	if (g->started)
		follow(g);
	else
		fwd_bridge_refresh(g->bridge, NULL);
	return 0;
}

/* ---- drift ---- */

void fwd_gate_check(struct fwd *d)
{
	struct fwd_gate *g = d->gate;
	struct fw_drift f = {0};
	struct sk_err err = {0};
	struct want x;

	if (!g || !g->started || g->dirty || want_init(g, &x) < 0)
		return;
	int r = fw_nft_gate_drift(g->nft, &x.w, &f, &err);
	free(x.rows);
	if (r < 0)
		sk_log_err(LOG_ERR, "comparing the gate with the kernel", &err);
	if (r < 0 || f.kind == FW_DRIFT_NONE)
		return;
	r = put_all(g, &err);
	if (r < 0)
		sk_log_err(LOG_ERR, "the gate", &err);
	fwd_drift_told(d, "netdev " FW_GATE_TABLE, &f, r == 0);
}

/* ---- life ---- */

void fwd_gate_tick(struct fwd *d)
{
	if (!d->gate || !d->gate->started)
		return;
	if (d->gate->dirty) {
		put_all_again(d->gate);
		follow(d->gate);
	}
	fwd_gate_listen(d->gate);
}

static void adopt(struct fwd_gate *g)
{
	_cleanup_(sk_freep) struct fw_gate_row *v = NULL;
	size_t n = 0;

	/* The kernel held the gate while we were away, and still does. */
	if (fw_nft_gate_rows(g->nft, fwd_gate_now(), &v, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (fw_gate_conf_find(&g->conf, v[i].key.port))
			fw_gate_rows_put(g->rows, &v[i]);
	fw_nft_gate_known(g->nft, &g->known, &g->n_known, NULL);
}

static int open_all(struct fwd_gate *g, struct sk_err *err)
{
	uint8_t seed[16];
	int r;

	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return sk_err_set(err, -EIO, NULL, "no random numbers", "乱数を取得できません");
	g->rows = fw_gate_rows_new(seed);
	g->nft = fw_nft_gate_new(g->d->nft);
	if (!g->rows || !g->nft)
		return sk_err_nomem(err);
	r = fwd_bridge_open(&g->bridge, err);
	if (r < 0)
		return r;
	r = sd_event_add_io(
		g->d->ev, &g->bridge_io, fwd_bridge_fd(g->bridge), EPOLLIN, on_links, g);
	if (r >= 0)
		r = sd_event_add_time(
			g->d->ev, &g->expiry, CLOCK_MONOTONIC, UINT64_MAX, 5000, on_expiry, g);
	if (r >= 0)
		r = sd_event_source_set_enabled(g->expiry, SD_EVENT_OFF);
	return r < 0
		? sk_err_set(err, r, NULL, "event loop: %s", "イベントループ: %s", strerror(-r))
		: 0;
}

int fwd_gate_start(struct fwd *d, struct sk_err *err)
{
	struct fwd_gate *g = calloc(1, sizeof(*g));
	struct fw_gate_conf conf = {0};
	struct sk_err why = {0};
	int r;

	if (!g)
		return sk_err_nomem(err);
	d->gate = g;
	g->d = d;
	r = open_all(g, err);
	if (r < 0)
		return r;
	r = load(g, &conf, &why);
	if (r == -ENOENT)
		return 0; /* until nacd says that there are ports */
	if (r < 0) {
		/* What an earlier run left in the kernel stays there. */
		sk_log_err(LOG_ERR, "the gate's ports could not be read", &why);
		fwd_warn(d, "the gate's ports could not be read: %s", why.en);
		return 0;
	}
	g->started = true;
	use(g, &conf);
	adopt(g);
	put_all_again(g);
	fw_nft_gate_forget(g->nft, NULL, NULL);
	arm_expiry(g);
	follow(g);
	return 0;
}

void fwd_gate_stop(struct fwd *d)
{
	struct fwd_gate *g = d->gate;

	if (!g)
		return;
	sd_event_source_disable_unref(g->bridge_io);
	sd_event_source_disable_unref(g->log_io);
	sd_event_source_disable_unref(g->expiry);
	fwd_gate_log_close(g->log);
	fwd_bridge_close(g->bridge);
	fw_nft_gate_free(g->nft);
	fw_gate_rows_free(g->rows);
	free(g->known);
	free(g);
	d->gate = NULL;
}
