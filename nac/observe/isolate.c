/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forging and its taking back. Three kinds of work share one budget of frames, in this order:
 * answers due soon, truth to be told again (jobs), and each target's sweep over its neighbours. See
 * isolate.h.
 */
#include "nac/observe/isolate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "nac/observe/forge.h"

#define SECOND INT64_C(1000000)
enum {
	FRAMES_PER_S = 500,
	REPEAT_US = 500000,
	JOBS = 256,
	SOON = 256,
	SOON_US = 100000,
	TRUTH_PASSES = 3,
	TRUTH_US = 150000,
	HOT = 16,
};

struct neighbour {
	struct nac_ip ip;
	struct nac_mac mac;
	bool own, clean; /* clean: as the journal on disk has it */
};

struct target {
	struct nac_mac mac;
	bool clean;
	size_t pos; /* of the sweep under way */
	int64_t next_us, begun_us;
	struct nac_ip hot[HOT]; /* what it asked for last: told first */
	uint8_t hot_n;
};

/* Truth: to everybody that ip is at mac, or (family 0) to mac where everybody is. */
struct job {
	struct nac_ip ip;
	struct nac_mac mac;
	size_t pos;
	uint8_t passes;
	int64_t next_us;
};

/* A forged answer to be repeated when the true one has come. */
struct soon {
	struct nac_mac to;
	struct nac_ip ip;
	int64_t at_us;
};

struct nac_iso {
	struct nac_iso_config cfg;
	struct nac_mac own_mac, sink;
	struct neighbour n[NAC_ISO_BINDINGS];
	struct target t[NAC_ISO_TARGETS];
	struct job j[JOBS];
	struct soon soon[SOON];
	size_t n_n, t_n, j_n, soon_n;
	bool dirty;
	int64_t budget, budget_us; /* frames; may be overdrawn by truth, by a second's worth */
	uint64_t sent;
};

struct nac_iso *nac_iso_new(const struct nac_iso_config *cfg)
{
	struct nac_iso *iso = calloc(1, sizeof(*iso));

	if (!iso)
		return NULL;
	iso->cfg = *cfg;
	if (iso->cfg.frames_per_s == 0)
		iso->cfg.frames_per_s = FRAMES_PER_S;
	if (iso->cfg.repeat_us == 0)
		iso->cfg.repeat_us = REPEAT_US;
	iso->budget = iso->cfg.frames_per_s;
	return iso;
}

void nac_iso_free(struct nac_iso *iso)
{
	free(iso);
}

void nac_iso_self(struct nac_iso *iso, const struct nac_mac *mac, const struct nac_mac *sink)
{
	iso->own_mac = *mac;
	iso->sink = *sink;
}

static struct target *target_of(const struct nac_iso *iso, const struct nac_mac *mac)
{
	for (size_t i = 0; i < iso->t_n; i++) {
		if (nac_mac_equal(&iso->t[i].mac, mac))
			return (struct target *)&iso->t[i];
	}
	return NULL;
}

static struct neighbour *neighbour_of(const struct nac_iso *iso, const struct nac_ip *ip)
{
	for (size_t i = 0; i < iso->n_n; i++) {
		if (nac_ip_equal(&iso->n[i].ip, ip))
			return (struct neighbour *)&iso->n[i];
	}
	return NULL;
}

static void refill(struct nac_iso *iso, int64_t now)
{
	int64_t per = SECOND / iso->cfg.frames_per_s, n;

	if (per == 0)
		per = 1;
	n = (now - iso->budget_us) / per;
	if (n <= 0)
		return;
	iso->budget_us += n * per;
	iso->budget = SK_MIN(iso->budget + n, (int64_t)iso->cfg.frames_per_s);
}

static void say(struct nac_iso *iso, const struct nac_mac *to, const struct nac_ip *ip,
	const struct nac_mac *mac)
{
	uint8_t frame[NAC_FORGE_MAX];
	const struct neighbour *n = neighbour_of(iso, ip);
	struct nac_forge f = {.from = iso->sink, .to = *to, .mac = *mac, .ip = *ip};

	/* The gateway stays a router in its neighbours' eyes, wherever they think it is. */
	f.router = ip->family == 6 && n && n->own;
	iso->cfg.send(iso->cfg.arg, frame, nac_forge(&f, frame));
	iso->budget--;
	iso->sent++;
}

/* ---- truth ---- */

static bool about(const struct job *j, const struct neighbour *n)
{
	if (j->ip.family == 0) /* tell j->mac of n */
		return !nac_mac_equal(&n->mac, &j->mac);
	return !n->own && n->ip.family == j->ip.family && !nac_mac_equal(&n->mac, &j->mac);
}

/* The same neighbour once, though it has several addresses. */
static bool first_of_mac(const struct nac_iso *iso, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (iso->n[k].ip.family == iso->n[i].ip.family &&
			nac_mac_equal(&iso->n[k].mac, &iso->n[i].mac))
			return false;
	}
	return true;
}

/* false: out of budget, goes on later. */
static bool job_pass(struct nac_iso *iso, struct job *j)
{
	for (; j->pos < iso->n_n; j->pos++) {
		const struct neighbour *n = &iso->n[j->pos];

		if (!about(j, n) || (j->ip.family && !first_of_mac(iso, j->pos)))
			continue;
		if (iso->budget <= -(int64_t)iso->cfg.frames_per_s)
			return false;
		/* A neighbour that is itself cut off is not told of this one. */
		if (j->ip.family == 0 && !target_of(iso, &n->mac))
			say(iso, &j->mac, &n->ip, &n->mac);
		else if (j->ip.family && !target_of(iso, &n->mac))
			say(iso, &n->mac, &j->ip, &j->mac);
	}
	j->pos = 0;
	return true;
}

static void run_jobs(struct nac_iso *iso, int64_t now)
{
	for (size_t i = 0; i < iso->j_n;) {
		struct job *j = &iso->j[i];

		if (j->next_us > now) {
			i++;
			continue;
		}
		if (!job_pass(iso, j))
			return;
		j->next_us = now + TRUTH_US;
		if (--j->passes > 0) {
			i++;
			continue;
		}
		*j = iso->j[--iso->j_n];
		iso->dirty = iso->dirty || iso->j_n == 0;
	}
}

static void add_job(
	struct nac_iso *iso, const struct nac_ip *ip, const struct nac_mac *mac, int64_t now)
{
	struct job j = {.mac = *mac, .passes = TRUTH_PASSES, .next_us = now};

	if (ip)
		j.ip = *ip;
	if (iso->j_n < JOBS)
		iso->j[iso->j_n++] = j;
	else
		job_pass(iso, &j); /* once is better than not at all */
}

/* What was to be told of this device or address is no longer true. */
static void drop_jobs(struct nac_iso *iso, const struct nac_mac *mac)
{
	for (size_t i = 0; i < iso->j_n;) {
		if (nac_mac_equal(&iso->j[i].mac, mac))
			iso->j[i] = iso->j[--iso->j_n];
		else
			i++;
	}
}

/* ---- what is known of the neighbours ---- */

static void forget(struct nac_iso *iso, struct neighbour *n)
{
	*n = iso->n[--iso->n_n];
	/* A sweep under way may miss the one that moved; the next one does not. */
}

void nac_iso_binding(struct nac_iso *iso, const struct nac_ip *ip, const struct nac_mac *mac,
	bool own, int64_t now)
{
	struct neighbour *n = neighbour_of(iso, ip);
	bool was_forged = n && target_of(iso, &n->mac);

	if (!mac) {
		if (n && n->own == own)
			forget(iso, n);
		return;
	}
	if (n && nac_mac_equal(&n->mac, mac) && n->own == own)
		return;
	if (n && n->own && !own)
		return; /* the gateway's own is nobody else's */
	if (!n) {
		if (iso->n_n == NAC_ISO_BINDINGS)
			return;
		n = &iso->n[iso->n_n++];
		n->ip = *ip;
	}
	n->mac = *mac;
	n->own = own;
	n->clean = false;
	if (iso->t_n > 0)
		iso->dirty = true;
	/* A permitted device took over the address: its neighbours must find it. */
	if (was_forged && !target_of(iso, mac))
		add_job(iso, ip, mac, now);
}

int nac_iso_begin(struct nac_iso *iso, const struct nac_mac *mac, int64_t now)
{
	if (target_of(iso, mac))
		return 0;
	if (iso->t_n == NAC_ISO_TARGETS)
		return -ENOSPC;
	drop_jobs(iso, mac);
	iso->t[iso->t_n++] = (struct target){.mac = *mac, .next_us = now};
	iso->dirty = true;
	return 0;
}

void nac_iso_end(struct nac_iso *iso, const struct nac_mac *mac, int64_t now)
{
	struct target *t = target_of(iso, mac);
	struct nac_mac m = *mac; /* mac may lie in *t */
	bool began = t && t->clean;

	if (!t)
		return;
	*t = iso->t[--iso->t_n];
	iso->dirty = true;
	if (!began)
		return; /* nothing was forged yet */
	for (size_t i = 0; i < iso->n_n; i++) {
		if (nac_mac_equal(&iso->n[i].mac, &m))
			add_job(iso, &iso->n[i].ip, &m, now);
	}
	add_job(iso, NULL, &m, now);
	refill(iso, now);
	run_jobs(iso, now);
}

void nac_iso_end_all(struct nac_iso *iso, int64_t now)
{
	while (iso->t_n > 0)
		nac_iso_end(iso, &iso->t[iso->t_n - 1].mac, now);
}

bool nac_iso_is_target(const struct nac_iso *iso, const struct nac_mac *mac)
{
	return target_of(iso, mac) != NULL;
}

uint32_t nac_iso_targets(const struct nac_iso *iso)
{
	return (uint32_t)iso->t_n;
}

bool nac_iso_target_at(const struct nac_iso *iso, uint32_t i, struct nac_mac *ret)
{
	if (i >= iso->t_n)
		return false;
	*ret = iso->t[i].mac;
	return true;
}

bool nac_iso_restoring(const struct nac_iso *iso)
{
	return iso->j_n > 0;
}

uint64_t nac_iso_sent(const struct nac_iso *iso)
{
	return iso->sent;
}

/* ---- lies ---- */

/* Between target t and its neighbour n, both ways. */
static void part(struct nac_iso *iso, const struct target *t, const struct neighbour *n)
{
	if (!n->clean || !t->clean || nac_mac_equal(&n->mac, &t->mac))
		return;
	say(iso, &t->mac, &n->ip, &iso->sink);
	if (n->own) /* the gateway is not lied to; its gate knows who may pass */
		return;
	for (size_t i = 0; i < iso->n_n; i++) {
		const struct neighbour *a = &iso->n[i];

		if (a->clean && !a->own && a->ip.family == n->ip.family &&
			nac_mac_equal(&a->mac, &t->mac))
			say(iso, &n->mac, &a->ip, &iso->sink);
	}
}

static void later(
	struct nac_iso *iso, const struct nac_mac *to, const struct nac_ip *ip, int64_t at_us)
{
	if (iso->soon_n < SOON)
		iso->soon[iso->soon_n++] = (struct soon){*to, *ip, at_us};
}

static void heat(struct target *t, const struct nac_ip *ip)
{
	for (unsigned i = 0; i < t->hot_n; i++) {
		if (nac_ip_equal(&t->hot[i], ip))
			return;
	}
	if (t->hot_n == HOT)
		memmove(t->hot, t->hot + 1, sizeof(t->hot) - sizeof(t->hot[0]));
	else
		t->hot_n++;
	t->hot[t->hot_n - 1] = *ip;
}

void nac_iso_asked(
	struct nac_iso *iso, const struct nac_mac *who, const struct nac_ip *ip, int64_t now)
{
	struct target *t = target_of(iso, who);
	const struct neighbour *n = neighbour_of(iso, ip);
	const struct target *asked_for = n ? target_of(iso, &n->mac) : NULL;

	refill(iso, now);
	if (iso->budget <= 0)
		return;
	if (t && t->clean && n && n->clean && !nac_mac_equal(&n->mac, who)) {
		heat(t, ip);
		part(iso, t, n);
		later(iso, who, ip, now + SOON_US);
		later(iso, who, ip, now + 2 * SOON_US);
	} else if (!t && asked_for && asked_for->clean && n->clean &&
		!nac_mac_equal(who, &iso->own_mac)) {
		say(iso, who, ip, &iso->sink);
		later(iso, who, ip, now + SOON_US);
		later(iso, who, ip, now + 2 * SOON_US);
	}
}

static void run_soon(struct nac_iso *iso, int64_t now)
{
	for (size_t i = 0; i < iso->soon_n && iso->budget > 0;) {
		struct soon s = iso->soon[i];
		const struct target *t = target_of(iso, &s.to);
		const struct neighbour *n = neighbour_of(iso, &s.ip);

		if (s.at_us > now) {
			i++;
			continue;
		}
		iso->soon[i] = iso->soon[--iso->soon_n];
		if (t && n)
			part(iso, t, n);
		else if (n && n->clean && target_of(iso, &n->mac))
			say(iso, &s.to, &s.ip, &iso->sink);
	}
}

static void sweep(struct nac_iso *iso, struct target *t, int64_t now)
{
	if (!t->clean || t->next_us > now)
		return;
	if (t->pos == 0) {
		t->begun_us = now;
		for (unsigned i = 0; i < t->hot_n && iso->budget > 0; i++) {
			const struct neighbour *n = neighbour_of(iso, &t->hot[i]);

			if (n)
				part(iso, t, n);
		}
	}
	for (; t->pos < iso->n_n; t->pos++) {
		if (iso->budget <= 0)
			return;
		part(iso, t, &iso->n[t->pos]);
	}
	t->pos = 0;
	t->next_us = t->begun_us + iso->cfg.repeat_us;
}

void nac_iso_tick(struct nac_iso *iso, int64_t now)
{
	refill(iso, now);
	run_jobs(iso, now);
	run_soon(iso, now);
	for (size_t i = 0; i < iso->t_n; i++)
		sweep(iso, &iso->t[i], now);
	/* Who came late to a spent budget is served first next time. */
	if (iso->budget <= 0 && iso->t_n > 1) {
		struct target first = iso->t[0];

		memmove(iso->t, iso->t + 1, (iso->t_n - 1) * sizeof(iso->t[0]));
		iso->t[iso->t_n - 1] = first;
	}
}

/* ---- journal ---- */

bool nac_iso_dirty(const struct nac_iso *iso)
{
	return iso->dirty;
}

/* "AA is cut off; A is at M, …": who must hear the truth, and what it is. */
void nac_iso_journal(const struct nac_iso *iso, struct sk_buf *b)
{
	char ip[NAC_IP_TEXT], mac[NAC_MAC_TEXT];
	const char *comma = "";

	sk_buf_puts(b, "{\"bindings\":[");
	for (size_t i = 0; i < iso->n_n && (iso->t_n || iso->j_n); i++) {
		const struct neighbour *n = &iso->n[i];

		sk_buf_printf(b, "%s[\"%s\",\"%s\",%s]", comma, nac_ip_format(&n->ip, ip),
			nac_mac_format(&n->mac, mac), n->own ? "true" : "false");
		comma = ",";
	}
	comma = "";
	sk_buf_puts(b, "],\"targets\":[");
	for (size_t i = 0; i < iso->t_n; i++) {
		sk_buf_printf(b, "%s\"%s\"", comma, nac_mac_format(&iso->t[i].mac, mac));
		comma = ",";
	}
	/* Released ones whose neighbours have not all heard it. */
	for (size_t i = 0; i < iso->j_n; i++) {
		if (iso->j[i].ip.family)
			continue;
		sk_buf_printf(b, "%s\"%s\"", comma, nac_mac_format(&iso->j[i].mac, mac));
		comma = ",";
	}
	sk_buf_puts(b, "]}");
}

void nac_iso_journaled(struct nac_iso *iso)
{
	for (size_t i = 0; i < iso->n_n; i++)
		iso->n[i].clean = true;
	for (size_t i = 0; i < iso->t_n; i++)
		iso->t[i].clean = true;
	iso->dirty = false;
}

static int recover_binding(struct nac_iso *iso, const json_t *row, int64_t now)
{
	const char *ip_text = json_string_value(json_array_get(row, 0));
	const char *mac_text = json_string_value(json_array_get(row, 1));
	struct nac_ip ip;
	struct nac_mac mac;

	if (!ip_text || !mac_text || nac_ip_parse(ip_text, &ip) < 0 ||
		nac_mac_parse(mac_text, &mac) < 0)
		return -EINVAL;
	/* What is known by now is newer. */
	if (!neighbour_of(iso, &ip))
		nac_iso_binding(iso, &ip, &mac, json_is_true(json_array_get(row, 2)), now);
	return 0;
}

static int recover_target(struct nac_iso *iso, const json_t *row, int64_t now)
{
	const char *text = json_string_value(row);
	struct nac_mac mac;
	struct target *t;

	if (!text || nac_mac_parse(text, &mac) < 0)
		return -EINVAL;
	if (target_of(iso, &mac))
		return 0;
	if (nac_iso_begin(iso, &mac, now) < 0)
		return 0;
	t = target_of(iso, &mac);
	t->clean = true; /* so that its end tells the truth */
	nac_iso_end(iso, &mac, now);
	return 0;
}

int nac_iso_recover(
	struct nac_iso *iso, const char *text, size_t len, int64_t now, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *doc = sk_json_parse(text, len, err);
	json_t *bindings = NULL, *targets = NULL, *row;
	size_t i;
	int ret;

	if (!doc)
		return -EINVAL;
	ret = sk_json_array(doc, "bindings", true, &bindings, err);
	if (ret == 0)
		ret = sk_json_array(doc, "targets", true, &targets, err);
	if (ret < 0)
		return ret;
	json_array_foreach (bindings, i, row) {
		if (recover_binding(iso, row, now) < 0)
			return sk_err_en(err, -EINVAL, "bindings", "row %zu is no binding", i);
	}
	json_array_foreach (targets, i, row) {
		if (recover_target(iso, row, now) < 0)
			return sk_err_en(err, -EINVAL, "targets", "row %zu is no MAC", i);
	}
	return 0;
}
