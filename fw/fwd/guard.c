/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the packet log to the kernel's lists of blocked sources, and back: see guard.h. What is too
 * much was decided by the kernel's meters, or is by fw/guard; here is decided what is done about
 * it.
 */
#include "fw/fwd/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "fw/fwd/fwd.h"
#include "fw/fwd/guard_see.h"
#include "fw/fwd/own.h"
#include "fw/guard/scan.h"
#include "fw/guard/seen.h"
#include "fw/nft/block.h"
#include "fw/nft/dynset.h"
#include "fw/policy/builtin.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"

#define FILE_NAME "guard.json"
#define FILE_BYTES (4u << 20)
#define US 1000000ull
#define CUT_DELAY_US 100000 /* one look at all connections for what is blocked meanwhile */
#define FLOOD_HOLD_US (60 * US)
#define LOST_PREFIX "blocking"

struct fwd_guard {
	struct fw_scan *scan;
	struct fw_seen *seen;
	struct fw_blocks *blocks;
	sd_event_source *cut_timer;
	bool cut_armed;
	bool dirty;             /* the file is older than the table */
	uint64_t full;          /* sources not blocked because the lists were */
	uint64_t logged;        /* packets of blocked sources and beyond rates that were reported */
	uint64_t told, counted; /* of those, and of the kernel's count, at the last summary */
};

/* ---- the file ---- */

static void load(struct fwd *d)
{
	struct sk_err err = {0};
	struct sk_buf b;
	int r;

	sk_buf_init(&b, FILE_BYTES);
	r = fwd_persist_read(d->disk, FILE_NAME, &b, &err);
	if (r == 0)
		r = fw_blocks_decode(d->guard->blocks, b.data, b.len, sk_now(), sk_boot_us(), &err);
	if (r < 0 && r != -ENOENT) {
		sk_log_err(LOG_WARNING, "the file of blocked sources", &err);
		fwd_warn(d, "the file of blocked sources could not be read: %s", err.en);
	}
	sk_buf_done(&b);
}

static void save(struct fwd *d)
{
	struct sk_err err = {0};
	struct sk_buf b;
	int r;

	sk_buf_init(&b, FILE_BYTES);
	r = fw_blocks_encode(d->guard->blocks, sk_now(), sk_boot_us(), &b);
	if (r == 0)
		r = fwd_persist_write(d->disk, FILE_NAME, b.data, b.len, &err);
	if (r < 0)
		fwd_warn(d, "blocked sources could not be written: %s", err.en);
	d->guard->dirty = r < 0;
	sk_buf_done(&b);
}

/* ---- who must not be blocked ---- */

static int may_block(struct fwd *d, const struct fw_block *e, struct sk_err *err)
{
	const struct fw_ip *ip = &e->addr;
	char addr[64];

	fw_block_format(e, addr, sizeof(addr));
	if (fwd_no_source(ip))
		return sk_err_set(err, -EPERM, "address", "%s is no source that could be blocked",
			"%s は遮断できる接続元ではありません", addr);
	if (fw_addrs_has(&d->running->guard.exempt, ip))
		return sk_err_set(err, -EPERM, "address",
			"%s is exempt (setting guard.exempt): it is never blocked",
			"%s は除外されています (設定 guard.exempt)", addr);
	if (fwd_own_address(ip, e->net64))
		return sk_err_set(err, -EPERM, "address", "%s is the gateway's own address",
			"%s は本装置のアドレスです", addr);
	return 0;
}

/* ---- events ---- */

static json_t *describe(const struct fw_block *e, const char *zone)
{
	const enum fw_guard_kind k = e->kind;
	char addr[64];
	json_t *v;

	fw_block_format(e, addr, sizeof(addr));
	v = json_pack("{s:s,s:s}", "address", addr, "guard", fw_guard_kind_name(k));
	if (v && zone && zone[0])
		json_object_set_new(v, "zone_in", json_string(zone));
	return v;
}

/* What was too much: so many in so many seconds. */
static json_t *with_limit(json_t *v, const struct fw_guard *g, enum fw_guard_kind k, bool dest)
{
	uint32_t unit, limit = fw_guard_rate(g, k, &unit);

	if (k == FW_GUARD_SCAN || k == FW_GUARD_SWEEP) {
		limit = k == FW_GUARD_SCAN ? g->scan_ports : g->scan_hosts;
		unit = g->window;
	}
	if (v && limit) {
		json_object_set_new(v, "limit",
			json_integer((json_int_t)limit * (dest ? FW_GUARD_DEST_FACTOR : 1)));
		json_object_set_new(v, "seconds", json_integer(unit));
	}
	return v;
}

static void report_block(struct fwd *d, const struct fw_block *e, uint32_t seconds)
{
	json_t *v = with_limit(describe(e, e->zone), &d->running->guard, e->kind, false);
	char addr[64];

	fw_block_format(e, addr, sizeof(addr));
	sk_log(LOG_NOTICE, "%s blocked for %" PRIu32 " s: %s", addr, seconds,
		fw_guard_kind_name(e->kind));
	if (v) {
		json_object_set_new(v, "block_seconds", json_integer(seconds));
		json_object_set_new(v, "until", json_integer(e->since + seconds));
		if (e->who[0])
			json_object_set_new(v, "who", json_string(e->who));
	}
	fwd_report(d, "guard_block", v);
}

static void report_release(
	struct fwd *d, const struct fw_block *e, const char *why, const char *who)
{
	json_t *v = describe(e, e->zone);
	char addr[64];

	fw_block_format(e, addr, sizeof(addr));
	sk_log(LOG_NOTICE, "%s no longer blocked: %s", addr, why);
	if (v) {
		json_object_set_new(v, "why", json_string(why));
		if (who && who[0])
			json_object_set_new(v, "who", json_string(who));
	}
	fwd_report(d, "guard_release", v);
}

/* ---- ending connections ---- */

static bool blocked_source(const struct fwd_conn *conn, void *arg)
{
	const struct fw_block *e = fw_blocks_find(arg, &conn->src);

	return e && e->fresh;
}

static bool no_longer_fresh(struct fw_block *e, void *arg)
{
	e->fresh = false;
	return false;
}

static int on_cut(sd_event_source *s, uint64_t usec, void *arg)
{
	struct fwd *d = arg;
	struct sk_err err = {0};
	size_t n = 0;

	d->guard->cut_armed = false;
	if (fwd_ct_cut(d->ct, blocked_source, d->guard->blocks, &n, &err) < 0)
		sk_log_err(LOG_ERR, "ending connections of blocked sources", &err);
	else if (n > 0)
		sk_log(LOG_NOTICE, "%zu connections of blocked sources ended", n);
	fw_blocks_walk(d->guard->blocks, no_longer_fresh, NULL);
	return 0;
}

static void arm_cut(struct fwd *d)
{
	struct fwd_guard *g = d->guard;

	if (g->cut_armed)
		return;
	g->cut_armed = sd_event_source_set_time_relative(g->cut_timer, CUT_DELAY_US) >= 0 &&
		sd_event_source_set_enabled(g->cut_timer, SD_EVENT_ONESHOT) >= 0;
}

/* ---- blocking ---- */

static int block(struct fwd *d, struct fw_block *e, uint32_t seconds, struct sk_err *err)
{
	const struct fw_nft_blocked k = {.ip = e->addr, .net64 = e->net64, .seconds = seconds};
	int r;

	e->since = sk_now();
	e->until_us = sk_boot_us() + seconds * US;
	e->fresh = true;
	r = fw_blocks_add(d->guard->blocks, e);
	if (r == -EEXIST)
		return sk_err_set(
			err, r, "address", "is blocked already", "すでに遮断されています");
	if (r == -ENOSPC) {
		d->guard->full++;
		return sk_err_set(err, r, NULL,
			"%u sources are blocked already: release some, or wait",
			"すでに%uの接続元を遮断しています。解除するか、時間をおいてください",
			FW_NFT_BLOCKS_MAX);
	}
	r = fw_nft_block(d->nft, &k, 1, err);
	if (r < 0) {
		fw_blocks_del(d->guard->blocks, e);
		return r;
	}
	d->guard->dirty = true;
	arm_cut(d);
	report_block(d, e, seconds);
	return 0;
}

/* The kernel or the counting says that a source does too much. */
static void act(struct fwd *d, const struct fw_ip *ip, enum fw_guard_kind k,
	const struct fwd_event_names *names)
{
	const struct fw_guard *g = &d->running->guard;
	const struct fw_zone *z = names->zone_in
		? fw_zone_find(d->running->zones, d->running->n_zones, names->zone_in)
		: NULL;
	struct fw_block e = {.addr = *ip, .kind = k};
	struct sk_err err = {0};

	if (!g->enabled || fw_addrs_has(&g->exempt, ip) || fw_blocks_find(d->guard->blocks, ip))
		return;
	if ((z && z->kind == FW_ZONE_OUTSIDE) || g->inside_block) {
		snprintf(e.zone, sizeof(e.zone), "%s", z ? z->name : "");
		/* Who has one address of an IPv6 network has all of them; not so inside. */
		if (ip->family == 6 && z && z->kind == FW_ZONE_OUTSIDE) {
			const struct fw_ip net = fw_block_net(ip);
			e.net64 = !fwd_no_source(ip) && !fwd_own_address(&net, true);
			e.addr = e.net64 ? net : *ip;
		}
		if (may_block(d, &e, &err) == 0 && block(d, &e, g->block_seconds, &err) == 0)
			return;
		/* A spoofed source, most often: once is enough. */
		if (!fw_seen_add(d->guard->seen, ip, k, false, sk_boot_us(), FLOOD_HOLD_US))
			return;
		sk_log_err(LOG_WARNING, "a source was not blocked", &err);
		fwd_report(d, "guard_seen", with_limit(describe(&e, names->zone_in), g, k, false));
		return;
	}
	if (fw_seen_add(d->guard->seen, ip, k, false, sk_boot_us(), g->block_seconds * US))
		fwd_report(d, "guard_seen", with_limit(describe(&e, names->zone_in), g, k, false));
}

bool fwd_guard_packet(struct fwd *d, struct fwd_event *e)
{
	const struct fw_guard *g = &d->running->guard;
	struct fwd_event_names names;
	struct fwd_guard_sign s;
	struct fw_scan_try t;

	fwd_guard_read(e, &s);
	if (s.what == FWD_SIGN_BLOCKED) {
		const struct fw_block *b = fw_blocks_find(d->guard->blocks, &s.src);

		e->guard = b ? fw_guard_kind_name(b->kind) : "";
		d->guard->logged++;
		return true;
	}
	if (s.what == FWD_SIGN_NONE && !g->enabled)
		return true;
	fwd_ifaces_names(d->ifaces, d->running, e, &names);
	if (s.what == FWD_SIGN_NONE) {
		if (!fwd_guard_try(e, &names, d->running, &t))
			return true;
		switch (fw_scan_add(d->guard->scan, &t, g, (uint32_t)(sk_boot_us() / US))) {
		case FW_SCAN_PORTS: act(d, &s.src, FW_GUARD_SCAN, &names); break;
		case FW_SCAN_HOSTS: act(d, &s.src, FW_GUARD_SWEEP, &names); break;
		case FW_SCAN_NOTHING: break;
		}
		return true;
	}
	e->guard = fw_guard_kind_name(s.kind);
	if (s.what == FWD_SIGN_SOURCE)
		act(d, &s.src, s.kind, &names);
	else if (fw_seen_add(d->guard->seen, &s.dst, s.kind, true, sk_boot_us(), FLOOD_HOLD_US))
		fwd_report(d, "guard_flood",
			with_limit(describe(&(struct fw_block){.addr = s.dst, .kind = s.kind},
					   names.zone_in),
				g, s.kind, true));
	if (!fwd_event_blocked(e))
		return false;
	d->guard->logged++;
	return true;
}

/* ---- releasing ---- */

static int unblock(struct fwd *d, const struct fw_block *e, struct sk_err *err)
{
	return fw_nft_unblock(
		d->nft, &(struct fw_nft_blocked){.ip = e->addr, .net64 = e->net64}, err);
}

struct releasing {
	struct fwd *d;
	const struct fw_addrs *exempt; /* those; NULL: those whose time is up */
	uint64_t now_us;
};

static bool release_one(struct fw_block *e, void *arg)
{
	struct releasing *r = arg;
	const bool over = fw_block_left(e, r->now_us) == 0;
	struct sk_err err = {0};

	if (!over && !(r->exempt && fw_addrs_has(r->exempt, &e->addr)))
		return false;
	/* Our clock and the kernel's need not agree to the second. */
	if (unblock(r->d, e, &err) < 0)
		sk_log_err(LOG_WARNING, "releasing a source", &err);
	report_release(r->d, e, over ? "expired" : "exempt", NULL);
	r->d->guard->dirty = true;
	return true;
}

int fwd_guard_release(
	struct fwd *d, const struct fw_block *which, const char *who, struct sk_err *err)
{
	struct fw_block *e = fw_blocks_find(d->guard->blocks, &which->addr);
	char addr[64];
	int r;

	/* An address stands for the network that was blocked for it, not the other way round. */
	if (!e || (which->net64 && !e->net64)) {
		fw_block_format(which, addr, sizeof(addr));
		return sk_err_set(err, -ENOENT, "address", "%s is not blocked",
			"%s は遮断されていません", addr);
	}
	r = unblock(d, e, err);
	if (r < 0)
		return r;
	report_release(d, e, "released", who);
	const struct fw_ip net = fw_block_net(&e->addr);
	fw_scan_forget(d->guard->scan, e->addr.family == 6 ? &net : &e->addr);
	fw_scan_forget(d->guard->scan, &e->addr);
	fw_blocks_del(d->guard->blocks, e);
	save(d);
	return 0;
}

int fwd_guard_block(struct fwd *d, const struct fw_block *which, uint32_t seconds, const char *who,
	struct sk_err *err)
{
	struct fw_block e = {.addr = which->addr, .net64 = which->net64, .kind = FW_GUARD_HAND};
	int r;

	if (!d->running->guard.enabled)
		return sk_err_set(err, -EOPNOTSUPP, NULL,
			"the guard is switched off (setting guard.enabled)",
			"防御機能が無効です (設定 guard.enabled)");
	r = may_block(d, &e, err);
	if (r < 0)
		return r;
	snprintf(e.who, sizeof(e.who), "%s", who ? who : "");
	r = block(d, &e, seconds ? seconds : d->running->guard.block_seconds, err);
	if (r == 0)
		save(d);
	return r;
}

/* ---- with the kernel ---- */

struct filling {
	struct fw_nft_blocked *v;
	size_t n;
	uint64_t now_us;
};

static bool fill_one(struct fw_block *e, void *arg)
{
	struct filling *f = arg;
	const uint64_t left = fw_block_left(e, f->now_us);

	if (left > 0)
		f->v[f->n++] =
			(struct fw_nft_blocked){.ip = e->addr, .net64 = e->net64, .seconds = left};
	return false;
}

/* Put in what may be missing; what is there stays. */
static void refill(struct fwd *d)
{
	const size_t count = fw_blocks_count(d->guard->blocks);
	struct filling f = {.now_us = sk_boot_us()};
	struct sk_err err = {0};

	if (count == 0 || d->adopted)
		return;
	f.v = calloc(count, sizeof(*f.v));
	if (f.v)
		fw_blocks_walk(d->guard->blocks, fill_one, &f);
	if (!f.v || fw_nft_block(d->nft, f.v, f.n, &err) < 0) {
		sk_log_err(LOG_ERR, "blocked sources", &err);
		fwd_warn(d, LOST_PREFIX " sources failed: %s", err.en);
	} else {
		fwd_unwarn(d, LOST_PREFIX);
	}
	free(f.v);
}

void fwd_guard_applied(struct fwd *d, const struct fw_policy *p)
{
	struct releasing r = {.d = d, .exempt = &p->guard.exempt, .now_us = sk_boot_us()};

	if (!d->guard)
		return;
	fw_blocks_walk(d->guard->blocks, release_one, &r);
	refill(d);
}

static uint64_t kernel_drops(const struct fwd *d)
{
	const struct fwd_counter *a = fwd_counters_find(&d->counters, FW_B_GUARD);
	const struct fwd_counter *b = fwd_counters_find(&d->counters, FW_B_FLOOD);

	return (a ? a->packets : 0) + (b ? b->packets : 0);
}

void fwd_guard_settle(struct fwd *d)
{
	_cleanup_(sk_freep) struct fw_nft_blocked *v = NULL;
	struct sk_err err = {0};
	size_t n = 0;

	d->guard->counted = kernel_drops(d);
	if (d->adopted)
		return;
	if (fw_nft_blocked_read(d->nft, &v, &n, &err) < 0) {
		sk_log_err(LOG_WARNING, "reading blocked sources", &err);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct fw_block *e = fw_blocks_find(d->guard->blocks, &v[i].ip);
		if (!e || e->net64 != v[i].net64)
			fw_nft_unblock(d->nft, &v[i], NULL);
	}
	if (fw_blocks_count(d->guard->blocks) > 0)
		sk_log(LOG_INFO, "%zu sources are blocked", fw_blocks_count(d->guard->blocks));
}

/* ---- clockwork ---- */

void fwd_guard_tick(struct fwd *d)
{
	struct releasing r = {.d = d, .now_us = sk_boot_us()};

	fw_blocks_walk(d->guard->blocks, release_one, &r);
	if (d->guard->dirty)
		save(d);
}

/* Reports are limited where packets are dropped by the thousand: the rest is told as a number. */
static void summary(struct fwd *d)
{
	struct fwd_guard *g = d->guard;
	const uint64_t now = kernel_drops(d), packets = now - g->counted,
		       told = g->logged - g->told;

	g->counted = now;
	g->told = g->logged;
	if (packets > told)
		fwd_report(d, "guard_drops",
			json_pack("{s:I,s:I}", "packets", (json_int_t)packets, "reported",
				(json_int_t)told));
}

void fwd_guard_minute(struct fwd *d)
{
	fw_seen_sweep(d->guard->seen, sk_boot_us());
	fwd_poll_counters(d);
	summary(d);
	/* Others may change the table: what they took out of the lists comes back. */
	if (!fw_nft_owned(d->nft))
		refill(d);
}

/* ---- life ---- */

struct fw_blocks *fwd_guard_blocks(struct fwd *d)
{
	return d->guard->blocks;
}

json_t *fwd_guard_row(const struct fw_block *e)
{
	const uint64_t left = fw_block_left(e, sk_boot_us());
	char addr[64];
	json_t *v;

	fw_block_format(e, addr, sizeof(addr));
	v = json_pack("{s:s,s:s,s:I,s:I,s:I}", "address", addr, "guard",
		fw_guard_kind_name(e->kind), "since", (json_int_t)e->since, "until",
		(json_int_t)(sk_now() + (int64_t)left), "left", (json_int_t)left);
	if (v && e->zone[0])
		json_object_set_new(v, "zone_in", json_string(e->zone));
	if (v && e->who[0])
		json_object_set_new(v, "who", json_string(e->who));
	return v;
}

json_t *fwd_guard_status(struct fwd *d)
{
	const struct fwd_guard *g = d->guard;

	return json_pack("{s:b,s:I,s:I,s:I,s:I,s:I}", "enabled", d->running->guard.enabled,
		"blocked", (json_int_t)fw_blocks_count(g->blocks), "not_blocked",
		(json_int_t)g->full, "watched", (json_int_t)fw_scan_sources(g->scan), "forgotten",
		(json_int_t)fw_scan_evicted(g->scan), "not_reported",
		(json_int_t)fw_seen_full(g->seen));
}

int fwd_guard_start(struct fwd *d, struct sk_err *err)
{
	struct fwd_guard *g = calloc(1, sizeof(*g));
	uint8_t seed[16];
	int r;

	if (!g)
		return sk_err_nomem(err);
	d->guard = g;
	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return sk_err_set(err, -EIO, NULL, "no random numbers", "乱数を取得できません");
	g->scan = fw_scan_new(FW_SCAN_SOURCES, seed);
	g->seen = fw_seen_new(FW_SEEN_MAX, seed);
	g->blocks = fw_blocks_new(FW_NFT_BLOCKS_MAX, seed);
	if (!g->scan || !g->seen || !g->blocks)
		return sk_err_nomem(err);
	r = sd_event_add_time_relative(
		d->ev, &g->cut_timer, CLOCK_MONOTONIC, CUT_DELAY_US, 1000, on_cut, d);
	if (r >= 0)
		r = sd_event_source_set_enabled(g->cut_timer, SD_EVENT_OFF);
	if (r < 0)
		return sk_err_set(
			err, r, NULL, "event loop: %s", "イベントループ: %s", strerror(-r));
	load(d);
	return 0;
}

void fwd_guard_stop(struct fwd *d)
{
	struct fwd_guard *g = d->guard;

	if (!g)
		return;
	if (g->dirty)
		save(d);
	sd_event_source_disable_unref(g->cut_timer);
	fw_scan_free(g->scan);
	fw_seen_free(g->seen);
	fw_blocks_free(g->blocks);
	free(g);
	d->guard = NULL;
}
