/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocklists: from the document to the kernel, from a packet back to its entry. Order: disk,
 * kernel, connections; the list in force is replaced last.
 */
#include "fw/fwd/list.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#include "fw/fwd/apply.h"
#include "fw/fwd/fwd.h"
#include "fw/nft/block.h"
#include "fw/nft/list.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"

#define CUT_DELAY_US 100000 /* one look at all connections for what was listed meanwhile */
#define SYNC_DELAY_US 1000000
#define NOTES_MAX (4u << 20) /* of changes beside the document */

struct fwd_list {
	struct fw_list *list;
	struct fw_list *before;            /* while its packets are still being reported */
	const struct fw_list_change *gone; /* likewise: what has just been taken out; or NULL */
	size_t n_gone;
	struct fwd_learned *learned;
	size_t changes; /* since the document */
	size_t notes;   /* bytes of them on disk */
	uint64_t cut;   /* connections ended since the start */
	sd_event_source *timer;
	bool armed, cut_wanted, sync_wanted;
};

static uint64_t us_since(uint64_t begin)
{
	return sk_mono_us() - begin;
}

/* ---- connections ---- */

struct cutting {
	struct fwd *d;
	const struct fw_list *before, *now; /* before NULL: whatever is listed */
};

static bool blocks(const struct fw_list *l, const struct fw_ip *ip)
{
	struct fw_list_hit hit;

	fw_list_find(l, ip, &hit);
	return hit.verdict == FW_LIST_BLOCK;
}

static bool newly(const struct cutting *c, const struct fw_ip *ip)
{
	const char *name, *feed;

	if (blocks(c->now, ip))
		return !c->before || !blocks(c->before, ip);
	return !c->before && fwd_learned_blocks(c->d->list->learned, ip, &name, &feed);
}

static bool is_listed(const struct fwd_conn *conn, void *arg)
{
	return newly(arg, &conn->src) || newly(arg, &conn->real_dst) || newly(arg, &conn->dst);
}

static size_t cut(struct fwd *d, const struct fw_list *before)
{
	struct cutting c = {.d = d, .before = before, .now = d->list->list};
	struct sk_err err = {0};
	size_t n = 0;

	if (!d->running->blocklist)
		return 0;
	if (fwd_ct_cut(d->ct, is_listed, &c, &n, &err) < 0)
		sk_log_err(LOG_ERR, "ending connections with listed addresses", &err);
	d->list->cut += n;
	return n;
}

static int on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
	struct fwd *d = arg;
	struct fwd_list *l = d->list;
	size_t n;

	l->armed = false;
	if (l->cut_wanted) {
		n = cut(d, NULL);
		if (n > 0)
			sk_log(LOG_NOTICE, "%zu connections with listed addresses ended", n);
	}
	l->cut_wanted = false;
	if (l->sync_wanted)
		fwd_list_sync(d);
	l->sync_wanted = false;
	return 0;
}

static void later(struct fwd *d, uint64_t us)
{
	struct fwd_list *l = d->list;

	if (l->armed)
		return;
	l->armed = sd_event_source_set_time_relative(l->timer, us) >= 0 &&
		sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT) >= 0;
}

/* The kernel drops their packets already; this ends what it keeps of them. */
void fwd_list_cut_later(struct fwd *d)
{
	d->list->cut_wanted = true;
	later(d, CUT_DELAY_US);
}

/* ---- the kernel ---- */

static int lead(struct fwd *d, const struct fw_nft_list_step *step, struct fw_nft_list_stats *st,
	struct sk_err *err)
{
	struct sk_err again = {0};
	int r;

	/* Else the kernel writes a message for every element. */
	if (!step->delta)
		fwd_drift_pause(d, true);
	r = fw_nft_list_begin(d->nft, step, st, err);
	if (!step->delta)
		fwd_drift_pause(d, false);
	if (r <= 0)
		return r;
	r = fwd_reapply(d, err);
	if (fw_nft_list_end(d->nft, step, r == 0, r == 0 ? &again : NULL) < 0) {
		/* Not what it should be, but never less than the list: made anew at once. */
		sk_log_err(LOG_WARNING, "blocklists", &again);
		d->dirty = true;
		d->retry_at = 0;
	}
	return r;
}

/* ---- a whole list ---- */

static void install(struct fwd *d, struct fw_list *to)
{
	struct fwd_list *l = d->list;

	l->before = l->list;
	l->list = to;
	l->changes = l->notes = 0;
	fwd_report_settle(d);
}

static int apply_parsed(
	struct fwd *d, struct fw_list *to, struct fwd_list_change_done *ret, struct sk_err *err)
{
	const struct fw_nft_list_step step = {.from = d->list->list, .to = to};
	struct fw_nft_list_stats st = {0};
	struct sk_err disk = {0};
	int r = lead(d, &step, &st, err);

	if (r < 0)
		return r;
	if (fwd_list_keep(d, &disk) < 0) {
		sk_log_err(LOG_ERR, "the blocklist on disk", &disk);
		fwd_warn(d, "the blocklist could not be written: %s", disk.en);
	} else {
		fwd_unwarn(d, "the blocklist");
	}
	install(d, to);
	fwd_learned_allowed(d);
	ret->added = st.added;
	ret->removed = st.removed;
	ret->cut = cut(d, d->list->before);
	fw_list_free(d->list->before);
	d->list->before = NULL;
	return 0;
}

int fwd_list_apply(struct fwd *d, const void *doc, size_t n, struct fwd_list_change_done *ret,
	struct sk_err *err)
{
	const uint64_t begin = sk_mono_us();
	struct fwd_list_change_done done = {0};
	struct fw_list *to = NULL;
	int r = fw_list_parse(doc, n, &to, err);

	if (r == 0)
		r = fwd_list_stage(d, doc, n, err);
	if (r == 0) {
		r = apply_parsed(d, to, &done, err);
		if (r < 0)
			fwd_list_drop(d);
	}
	if (r < 0) {
		sk_log_err(LOG_ERR, "blocklist refused", err);
		fw_list_free(to);
		return r;
	}
	done.us = us_since(begin);
	sk_log(LOG_NOTICE,
		"blocklist %" PRIu64 ": %zu addresses, %zu elements (%zu in, %zu out), "
		"%zu connections ended, %" PRIu64 " ms",
		fw_list_generation(to), fw_list_entries(to), fw_list_elements(to), done.added,
		done.removed, done.cut, done.us / 1000);
	*ret = done;
	return 0;
}

/* ---- single entries ---- */

static bool removes(const struct fw_list_change *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i].add || v[i].feed == SK_BL_ALLOW)
			return true;
	return false;
}

static int change(struct fwd *d, const struct fw_list_change *v, size_t n, uint64_t generation,
	struct fwd_list_change_done *ret, struct sk_err *err)
{
	struct fwd_list *l = d->list;
	struct fw_list_delta delta = {0};
	struct fw_nft_list_step step = {.from = l->list, .to = l->list, .delta = &delta};
	struct fw_nft_list_stats st = {0};
	int r;

	if (removes(v, n))
		fwd_report_settle(d);
	r = fw_list_edit(l->list, v, n, &delta, err);
	if (r < 0)
		return r;
	r = lead(d, &step, &st, err);
	if (r < 0)
		fw_list_undo(l->list, v, n, &delta);
	else
		fw_list_set_generation(l->list, generation);
	if (r >= 0 && removes(v, n)) {
		/* Packets that were dropped until a moment ago. */
		l->gone = v;
		l->n_gone = n;
		fwd_report_settle(d);
		l->gone = NULL;
	}
	fw_list_delta_done(&delta);
	ret->added = st.added;
	ret->removed = st.removed;
	return r;
}

/* Too many beside the document, or one of them could not be kept: it has to come whole. */
static int need_whole(struct sk_err *err)
{
	return sk_err_set(err, -ESTALE, NULL, "too many changes: send the whole blocklist",
		"変更が多すぎます。不正サイト一覧全体を送ってください");
}

int fwd_list_change(
	struct fwd *d, const json_t *args, struct fwd_list_change_done *ret, struct sk_err *err)
{
	_cleanup_(sk_freep) struct fw_list_change *v = NULL;
	const uint64_t begin = sk_mono_us();
	struct fwd_list_change_done done = {0};
	struct fwd_list *l = d->list;
	uint64_t generation = 0;
	struct sk_err disk = {0};
	size_t n = 0;
	int r = fwd_list_read_changes(l->list, args, &v, &n, &generation, err);

	if (r == 0 && l->notes >= NOTES_MAX)
		r = need_whole(err);
	if (r == 0)
		r = change(d, v, n, generation, &done, err);
	if (r < 0)
		return r;
	if (fwd_list_note(d, args, &l->notes, &disk) < 0) {
		sk_log_err(LOG_ERR, "the blocklist on disk", &disk);
		fwd_warn(d, "the blocklist's changes could not be written: %s", disk.en);
		l->notes = NOTES_MAX;
	}
	fwd_learned_allowed(d);
	l->changes++;
	l->cut_wanted = l->sync_wanted = true;
	later(d, CUT_DELAY_US);
	done.us = us_since(begin);
	*ret = done;
	return 0;
}

/* ---- packets ---- */

static bool find_gone(const struct fwd_list *l, const struct fw_ip *ip, enum fw_list_verdict want,
	struct fw_list_hit *ret)
{
	const enum sk_bl_kind kind = ip->family == 6 ? SK_BL_ADDR6 : SK_BL_ADDR4;

	for (size_t i = 0; l->gone && i < l->n_gone; i++) {
		const struct fw_list_change *c = &l->gone[i];
		const struct sk_bl_feed *f = fw_list_feed_at_index(l->list, c->feed);

		if (c->add || !f || f->block != (want == FW_LIST_BLOCK) || c->kind != kind ||
			ip->a < c->lo || ip->a > c->hi)
			continue;
		*ret = (struct fw_list_hit){want, f->name, c->lo, c->hi};
		return true;
	}
	return false;
}

static bool find(const struct fwd_list *l, const struct fw_ip *ip, enum fw_list_verdict want,
	struct fw_list_hit *ret)
{
	const struct fw_list *const lists[] = {l->list, l->before};

	for (size_t i = 0; i < SK_ARRAY_SIZE(lists); i++) {
		if (!lists[i])
			continue;
		fw_list_find(lists[i], ip, ret);
		if (ret->verdict == want)
			return true;
	}
	return find_gone(l, ip, want, ret);
}

static void entry_text(const struct fw_ip *ip, const struct fw_list_hit *hit, char *entry)
{
	const enum sk_bl_kind k = ip->family == 6 ? SK_BL_ADDR6 : SK_BL_ADDR4;

	sk_bl_range_text(k, hit->lo, hit->hi, entry, FWD_LIST_ENTRY_MAX);
}

static struct fw_ip ip_of(const struct fwd_packet *p, const uint8_t a[16])
{
	struct fw_ip ip = {.family = p->family};

	for (int i = 0; i < (p->family == 6 ? 16 : 4); i++)
		ip.a = ip.a << 8 | a[i];
	return ip;
}

/* The far end: whom a packet goes to, unless it is on its way in. */
void fwd_list_names(
	struct fwd *d, const struct fwd_event *e, struct fwd_event_names *names, char *entry)
{
	const enum fw_list_verdict want = fwd_event_monitored(e) ? FW_LIST_MONITOR : FW_LIST_BLOCK;
	const struct fw_ip ips[] = {ip_of(&e->pkt, e->pkt.dst), ip_of(&e->pkt, e->pkt.src)};
	const bool inbound = e->hook == NF_INET_PRE_ROUTING || e->hook == NF_INET_LOCAL_IN;
	const char *name, *feed;
	struct fw_list_hit hit;

	for (size_t i = inbound; i < SK_ARRAY_SIZE(ips); i++) {
		if (find(d->list, &ips[i], want, &hit)) {
			names->feed = hit.feed;
			entry_text(&ips[i], &hit, entry);
			names->entry = entry;
			return;
		}
		if (fwd_learned_find(d->list->learned, &ips[i], &name, &feed)) {
			names->feed = feed;
			snprintf(entry, FWD_LIST_ENTRY_MAX, "%s", name);
			names->entry = entry;
			return;
		}
	}
}

enum fw_list_verdict fwd_list_test(
	struct fwd *d, const struct fw_ip *ip, const char **feed, char *entry)
{
	struct fw_list_hit hit;
	const char *name;

	fw_list_find(d->list->list, ip, &hit);
	/* A learned address is stopped, whatever is only monitored. */
	if ((hit.verdict == FW_LIST_NONE || hit.verdict == FW_LIST_MONITOR) &&
		fwd_learned_blocks(d->list->learned, ip, &name, feed)) {
		snprintf(entry, FWD_LIST_ENTRY_MAX, "%s", name);
		return FW_LIST_BLOCK;
	}
	if (hit.verdict != FW_LIST_NONE) {
		*feed = hit.feed;
		entry_text(ip, &hit, entry);
	}
	return hit.verdict;
}

/* ---- life ---- */

const struct fw_list *fwd_list_current(const struct fwd *d)
{
	return d->list->list;
}

struct fwd_learned *fwd_list_learned(struct fwd *d)
{
	return d->list->learned;
}

json_t *fwd_list_status(struct fwd *d)
{
	const struct fwd_list *l = d->list;

	return json_pack("{s:b,s:I,s:s,s:I,s:I,s:I,s:I,s:I,s:I}", "enabled", d->running->blocklist,
		"generation", (json_int_t)fw_list_generation(l->list), "sha256",
		fw_list_sha256(l->list), "entries", (json_int_t)fw_list_entries(l->list),
		"elements", (json_int_t)fw_list_elements(l->list), "sets",
		(json_int_t)fw_nft_list_sets(d->nft), "learned",
		(json_int_t)fwd_learned_count(l->learned), "changes", (json_int_t)l->changes, "cut",
		(json_int_t)l->cut);
}

void fwd_list_applied(struct fwd *d)
{
	if (d->list)
		fwd_learned_sweep(d, d->list->learned, true);
}

void fwd_list_minute(struct fwd *d)
{
	fwd_learned_sweep(d, d->list->learned, !fw_nft_owned(d->nft));
}

void fwd_list_save(struct fwd *d)
{
	if (d->list && d->list->sync_wanted)
		fwd_list_sync(d);
}

/* Learned addresses of another run have no name here. */
void fwd_list_settle(struct fwd *d)
{
	struct sk_err err = {0};

	if (!d->adopted && fw_nft_learned_flush(d->nft, &err) < 0)
		sk_log_err(LOG_WARNING, "learned addresses", &err);
}

int fwd_list_start(struct fwd *d, struct sk_err *err)
{
	struct fwd_list *l = calloc(1, sizeof(*l));
	struct sk_err damage = {0};
	int r;

	if (!l)
		return sk_err_nomem(err);
	d->list = l;
	l->learned = fwd_learned_new();
	r = l->learned ? fwd_list_load(d, &l->list, &l->changes, &damage) : -ENOMEM;
	if (r < 0 && r != -ENOMEM) {
		sk_log_err(LOG_ERR, "the blocklist on disk", &damage);
		fwd_warn(d, "the blocklist on disk was damaged: %s", damage.en);
	}
	if (!l->list)
		l->list = fw_list_new();
	if (r == -ENOMEM || !l->list)
		return sk_err_nomem(err);
	fw_nft_list_use(d->nft, l->list);
	r = sd_event_add_time_relative(
		d->ev, &l->timer, CLOCK_MONOTONIC, SYNC_DELAY_US, 1000, on_timer, d);
	if (r >= 0)
		r = sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
	return r < 0
		? sk_err_set(err, r, NULL, "event loop: %s", "イベントループ: %s", strerror(-r))
		: 0;
}

void fwd_list_stop(struct fwd *d)
{
	struct fwd_list *l = d->list;

	if (!l)
		return;
	sd_event_source_disable_unref(l->timer);
	fwd_learned_free(l->learned);
	if (d->nft)
		fw_nft_list_use(d->nft, NULL);
	fw_list_free(l->list);
	free(l);
	d->list = NULL;
}
