/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the answer of nac_decide to the gate, and what is told about it. The gate is changed before
 * anything else is done; what a port's mode lets pass anyway is reported as what would happen.
 */
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"
#include "nac/nacd/parts.h"
#include "nac/nacd/sensor.h"

#define REPEAT_S 3600   /* the same refusal of the same device is told again */
#define PATIENCE_S 15   /* a registered device may prove itself before it is called refused */
#define PROMPT_S 4      /* hostapd is deaf for 5 s to one it has just put out */
#define FRESH_S 600     /* seen so lately: it is there */
#define OLD_S 7200      /* neither in nor seen: forgotten */
#define ELSEWHERE_MAX 8 /* ports on which one address is looked at */

static const struct nacd_session *elsewhere(
	struct nacd *d, const char *port, const struct nac_mac *mac)
{
	struct nacd_session *all[ELSEWHERE_MAX];
	size_t n = nacd_sessions_of(d, mac, all, ELSEWHERE_MAX);

	for (size_t i = 0; i < n; i++)
		if (nac_session_open(all[i]->state) && all[i]->state != NAC_S_QUARANTINED &&
			strcmp(all[i]->port, port) != 0)
			return all[i];
	return NULL;
}

/* Who looks like another device is remembered so, until it is seen to look as it should. */
static void remember(struct nacd *d, const struct nac_mac *mac, const struct nac_print *seen,
	const struct nac_decision *a, const struct nac_checks *c)
{
	const bool nothing = c->result[NAC_CHECK_DEVICE] != NAC_NOT_ASKED &&
		(!a->device || !a->device->fingerprint);

	if (a->different)
		d->dirty |= nacd_looks_keep(d->looks, mac, seen, sk_now());
	else if (nothing || c->result[NAC_CHECK_FINGERPRINT] == NAC_PASSED)
		d->dirty |= nacd_looks_forget(d->looks, mac);
}

void nacd_ask(struct nacd *d, const char *port, const struct nac_mac *mac, enum nac_method method,
	const char *identity, struct nac_decision *ret, struct nac_checks *ret_checks)
{
	const struct nacd_session *other = elsewhere(d, port, mac);
	struct nacd_session *s = nacd_session_get(d, port, mac);
	struct nacd_port *p = nacd_port_find(d, port);
	bool confined = s && s->state == NAC_S_QUARANTINED;
	bool in = s && nac_session_open(s->state) && !confined;
	struct nac_print seen = {.services = {0}};
	bool looks = nacd_sensor_print(d->sensor, mac, &seen);
	struct nac_checks checks = {.result = {NAC_NOT_ASKED}};
	struct nac_question q = {.doc = d->doc,
		.port = port,
		.mac = *mac,
		.method = method,
		.identity = identity,
		.now = sk_now(),
		.elsewhere = other ? other->port : NULL,
		.gateways = nacd_links_own(d->links, mac),
		.on_port = p ? p->open - (in && p->open) : 0,
		.confined = p ? p->confined - (confined && p->confined) : 0};

	looks |= nacd_looks_add(d->looks, mac, &seen);
	q.seen = looks ? &seen : NULL;
	nac_decide(&q, ret, &checks);
	remember(d, mac, &seen, ret, &checks);
	if (ret_checks)
		*ret_checks = checks;
}

/* ---- telling ----------------------------------------------------------------------------------
 */

static json_t *described(struct nacd *d, const struct nacd_session *s, enum nac_reason why)
{
	json_t *e = nacd_describe(d, s->port, &s->mac);

	json_object_set_new(e, "reason", json_string(nac_reason_name(why)));
	return e;
}

static void tell_would_cut(struct nacd *d, struct nacd_session *s, int64_t now)
{
	struct nacd_sight *v = nacd_seen_get(d->seen, &s->mac);
	uint32_t day = (uint32_t)(sk_day_start(now) / 86400);
	json_t *e;

	if (!v)
		return;
	if (v->day != day)
		v->would_cut = 0;
	v->day = day;
	if (v->would_cut++ > 0)
		return;
	e = described(d, s, s->reason);
	json_object_set_new(e, "day", json_integer(day));
	nacd_report(d, "would_cut", e);
}

/* Once for each reason and hour. */
static void tell_refused(struct nacd *d, struct nacd_session *s, int64_t now)
{
	struct nacd_port *p = nacd_port_find(d, s->port);

	s->tell_at = 0;
	if (p && p->conf.mode != NAC_ENFORCE) {
		tell_would_cut(d, s, now);
		return;
	}
	if (s->told && s->told_reason == s->reason && now - s->told < REPEAT_S)
		return;
	s->told = now;
	s->told_reason = s->reason;
	nacd_report(d, "refused", described(d, s, s->reason));
}

static void tell_conflict(struct nacd *d, const struct nacd_session *s, const char *other)
{
	json_t *e = described(d, s, NAC_ELSEWHERE);

	json_object_set_new(e, "other_port", json_string(other));
	nacd_report(d, "conflict", e);
}

static void tell_different(struct nacd *d, struct nacd_session *s, const struct nac_decision *a)
{
	char differs[128];
	json_t *e;

	if (s->different_told)
		return;
	s->different_told = true;
	e = described(d, s, NAC_LOOKS_DIFFERENT);
	nac_print_differs_text(a->differs, differs, sizeof(differs));
	json_object_set_new(e, "differs", json_string(differs));
	json_object_set_new(e, "verdict", json_string(nac_verdict_name(a->verdict)));
	nacd_report(d, "fingerprint", e);
}

void nacd_auth_failed(struct nacd *d, struct nacd_session *s)
{
	nac_session_next(s->state, NAC_SE_REFUSE, &s->state, NULL);
	s->reason = NAC_NOT_PROVEN;
	s->last = sk_now();
	tell_refused(d, s, sk_now());
}

/* ---- acting -----------------------------------------------------------------------------------
 */

static enum nac_why why_of(enum nac_reason r)
{
	switch (r) {
	case NAC_IS_EXPIRED: return NAC_WHY_EXPIRED;
	case NAC_IS_REVOKED:
	case NAC_UNKNOWN:
	case NAC_RANDOMISED:
	case NAC_IDENTITY_UNKNOWN: return NAC_WHY_REVOKED;
	case NAC_ELSEWHERE: return NAC_WHY_MOVED;
	default: return NAC_WHY_REQUESTED;
	}
}

static void let_in(struct nacd *d, struct nacd_session *s, const struct nac_decision *a,
	enum nac_session_event ev, int64_t now)
{
	const struct nacd_port *p = nacd_port_find(d, s->port);
	bool quarantine = ev == NAC_SE_QUARANTINE, was_in = nac_session_open(s->state);
	enum nac_session_state before = s->state, next;

	if (nac_session_next(s->state, ev, &next, NULL) < 0)
		return;
	nacd_session_count(d, s, -1);
	s->state = next;
	nacd_session_count(d, s, 1);
	s->until = now + a->seconds;
	s->tell_at = 0;
	nacd_gate_set(d, s, quarantine ? NAC_GATE_QUARANTINED : NAC_GATE_ADMITTED);
	if (!was_in)
		s->since = now;
	d->dirty = true;
	if (was_in && before == s->state)
		return;
	if (was_in && before == NAC_S_QUARANTINED && !quarantine)
		nacd_report(d, "released", described(d, s, a->reason));
	if (quarantine && p && p->conf.mode != NAC_ENFORCE)
		tell_would_cut(d, s, now);
	else if (quarantine)
		nacd_report(d, "quarantined", described(d, s, a->reason));
	else if (!was_in || before == NAC_S_QUARANTINED)
		nacd_report(d, "admitted", described(d, s, a->reason));
}

static void prompt(struct nacd *d, struct nacd_session *s, int64_t now)
{
	struct nacd_port *p = nacd_port_find(d, s->port);

	s->prompted = now;
	if (p)
		nacd_prompt(d, p, &s->mac);
}

static bool may_prove(struct nacd *d, const struct nacd_session *s, const struct nac_decision *a,
	const struct nac_proof *proof)
{
	const struct nacd_port *p = nacd_port_find(d, s->port);

	return a->device && a->device->by_dot1x && p && p->hostapd && !proof;
}

static void keep_out(struct nacd *d, struct nacd_session *s, const struct nac_decision *a,
	const struct nac_proof *proof, int64_t now)
{

	if (nac_session_open(s->state)) {
		nacd_session_close(d, s, why_of(a->reason));
		return;
	}
	nac_session_next(s->state, NAC_SE_REFUSE, &s->state, NULL);
	if (proof)
		nacd_deny(d, s);
	if (!may_prove(d, s, a, proof)) {
		tell_refused(d, s, now);
		return;
	}
	if (!s->tell_at)
		s->tell_at = now + PATIENCE_S;
	prompt(d, s, now);
}

static void end_elsewhere(struct nacd *d, const struct nacd_session *s)
{
	struct nacd_session *all[ELSEWHERE_MAX];
	size_t n = nacd_sessions_of(d, &s->mac, all, ELSEWHERE_MAX);

	for (size_t i = 0; i < n; i++)
		if (all[i] != s)
			nacd_session_close(d, all[i], NAC_WHY_MOVED);
}

static void distrust_elsewhere(struct nacd *d, const struct nacd_session *s, int64_t now)
{
	struct nac_decision a = {.seconds = NAC_QUARANTINE_SECONDS, .reason = NAC_ELSEWHERE};
	struct nacd_session *all[ELSEWHERE_MAX];
	size_t n = nacd_sessions_of(d, &s->mac, all, ELSEWHERE_MAX);

	for (size_t i = 0; i < n; i++)
		if (all[i] != s && all[i]->method == NAC_BY_MAC && nac_session_open(all[i]->state))
			let_in(d, all[i], &a, NAC_SE_QUARANTINE, now);
}

/* true: it came in by something else before. */
static bool take_proof(struct nacd_session *s, const struct nac_proof *proof)
{
	enum nac_method method = proof ? NAC_BY_DOT1X : NAC_BY_MAC;
	bool changed = s->method != method || (proof && strcmp(s->identity, proof->identity) != 0);

	s->method = method;
	snprintf(s->identity, sizeof(s->identity), "%s", proof ? proof->identity : "");
	snprintf(s->serial, sizeof(s->serial), "%s", proof ? proof->serial : "");
	snprintf(s->eap, sizeof(s->eap), "%s", proof ? proof->method : "");
	return changed;
}

static void act(struct nacd *d, struct nacd_session *s, const struct nac_decision *a,
	const struct nac_proof *proof)
{
	const struct nacd_session *other = elsewhere(d, s->port, &s->mac);
	int64_t now = sk_now();

	s->reason = a->reason;
	s->device = a->device ? a->device->number : 0;
	s->revision = a->device ? a->device->revision : 0;
	if (a->conflict && other)
		tell_conflict(d, s, other->port);
	if (a->quarantine_elsewhere)
		distrust_elsewhere(d, s, now);
	if (a->moved)
		end_elsewhere(d, s);
	switch (a->verdict) {
	case NAC_ADMIT: let_in(d, s, a, NAC_SE_ADMIT, now); break;
	case NAC_QUARANTINE:
		let_in(d, s, a, NAC_SE_QUARANTINE, now);
		if (may_prove(d, s, a, proof) && now - s->prompted >= PROMPT_S)
			prompt(d, s, now);
		break;
	case NAC_REFUSE: keep_out(d, s, a, proof, now); break;
	}
	if (a->different)
		tell_different(d, s, a);
}

struct oldest {
	const char *port;
	int64_t before;
	struct nacd_session *s;
};

static void find_oldest(struct nacd *d, struct nacd_session *s, void *arg)
{
	struct oldest *o = arg;

	if (s->state == NAC_S_QUARANTINED && !s->device && s->since <= o->before &&
		strcmp(s->port, o->port) == 0 && (!o->s || s->since < o->s->since))
		o->s = s;
}

/* A stranger at the notice page is never seen to leave it: the one longest there, for the next. */
static void make_room(struct nacd *d, const char *port)
{
	const struct nacd_port *p = nacd_port_find(d, port);
	struct oldest o = {.port = port, .before = sk_now() - NAC_QUARANTINE_SECONDS};

	if (!p || p->confined < p->conf.max_devices)
		return;
	nacd_sessions_each(d, find_oldest, &o);
	if (o.s)
		nacd_session_close(d, o.s, NAC_WHY_TIMEOUT);
}

/*
 * A frame says nothing new about who proved itself: that stays what it is until its time is over.
 */
void nacd_admit(
	struct nacd *d, const char *port, const struct nac_mac *mac, const struct nac_proof *proof)
{
	struct nac_decision a;
	struct nacd_session *s;
	int64_t now = sk_now();
	bool changed, was_in;

	if (!d->doc || !nacd_port_find(d, port))
		return;
	s = nacd_session_make(d, port, mac, now);
	if (!s)
		return;
	s->last = now;
	if (now < s->held) {
		if (proof)
			nacd_deny(d, s);
		return;
	}
	was_in = nac_session_open(s->state) && s->state != NAC_S_QUARANTINED;
	make_room(d, port);
	if (!proof && nac_session_open(s->state) && s->method == NAC_BY_DOT1X) {
		/* The kernel lost it (somebody flushed the table): once more. */
		nacd_gate_set(d, s, NAC_GATE_ADMITTED);
		return;
	}
	nacd_ask(d, port, mac, proof ? NAC_BY_DOT1X : NAC_BY_MAC, proof ? proof->identity : NULL,
		&a, NULL);
	changed = take_proof(s, proof);
	act(d, s, &a, proof);
	if (was_in && changed && nac_session_open(s->state) && s->state != NAC_S_QUARANTINED)
		nacd_report(d, "admitted", described(d, s, a.reason));
}

/* ---- time and change --------------------------------------------------------------------------
 */

/* With what it came in by. An expiry during the session is an expiry, not a withdrawal. */
static void again(struct nacd *d, struct nacd_session *s)
{
	struct nac_decision a;
	bool in = nac_session_open(s->state), dot1x = s->method == NAC_BY_DOT1X;
	int64_t until = s->until;

	nacd_ask(d, s->port, &s->mac, s->method, s->identity, &a, NULL);
	/* A proof does not become younger by being looked at again. */
	if (in && dot1x && a.verdict == NAC_ADMIT && s->state != NAC_S_QUARANTINED) {
		s->device = a.device ? a.device->number : 0;
		s->revision = a.device ? a.device->revision : 0;
		if (a.device && a.device->expires && a.device->expires < s->until) {
			s->until = a.device->expires;
			nacd_gate_set(d, s, NAC_GATE_ADMITTED);
		}
		return;
	}
	act(d, s, &a, NULL);
	if (in && dot1x && nac_session_open(s->state) && s->state != NAC_S_QUARANTINED)
		s->until = SK_MIN(until, s->until);
}

static void review_one(struct nacd *d, struct nacd_session *s, void *arg)
{
	struct nacd_port *p = nacd_port_find(d, s->port);
	const struct nac_record *dev = nac_document_by_mac(d->doc, &s->mac);
	bool fresh = sk_now() - s->last < FRESH_S;

	if (nac_session_open(s->state)) {
		again(d, s);
		return;
	}
	if (!p || !fresh || !p->link)
		return;
	s->told = s->held = 0;
	nacd_gate_forget(d, s->port, &s->mac);
	if (!dev || dev->state == NAC_REVOKED)
		return;
	if (dev->by_mac) {
		nacd_admit(d, s->port, &s->mac, NULL);
	} else if (dev->by_dot1x) {
		s->tell_at = sk_now() + PATIENCE_S;
		prompt(d, s, sk_now());
	}
}

void nacd_review(struct nacd *d)
{
	if (d->doc)
		nacd_sessions_each(d, review_one, NULL);
}

static unsigned hold_of(struct nacd *d, const struct nacd_session *s)
{
	struct nacd_port *p = nacd_port_find(d, s->port);

	if (s->state == NAC_S_QUARANTINED)
		return NAC_QUARANTINE_SECONDS;
	return p ? p->conf.hold : 0;
}

/* The server is away: what the site decided for that. */
static bool kept_without_server(struct nacd *d, struct nacd_session *s, int64_t now)
{
	if (!d->radius_down || s->method != NAC_BY_DOT1X || d->doc->radius_down == NAC_RADIUS_CLOSE)
		return false;
	if (d->doc->radius_down == NAC_RADIUS_GRACE &&
		now >= d->radius_down_at + d->doc->grace_seconds)
		return false;
	nac_session_next(s->state, NAC_SE_NO_SERVER, &s->state, NULL);
	s->until = now + 60;
	nacd_gate_set(d, s, NAC_GATE_ADMITTED);
	return true;
}

/* It would have to prove itself and nobody is there to judge. An exchange takes no seconds. */
static bool server_missed(const struct nacd *d, const struct nacd_session *s, int64_t now)
{
	if (!d->radius_down || s->method != NAC_BY_DOT1X)
		return false;
	if (s->state != NAC_S_GRACE && (s->state != NAC_S_RENEWING || now - s->renewing < 3))
		return false;
	if (d->doc->radius_down == NAC_RADIUS_GRACE)
		return now >= d->radius_down_at + d->doc->grace_seconds;
	return d->doc->radius_down == NAC_RADIUS_CLOSE;
}

static void over(struct nacd *d, struct nacd_session *s, int64_t now)
{
	struct nac_decision a;

	if (kept_without_server(d, s, now))
		return;
	nacd_ask(d, s->port, &s->mac, s->method, s->identity, &a, NULL);
	if (a.verdict == NAC_ADMIT && s->method == NAC_BY_DOT1X)
		nacd_session_close(d, s, NAC_WHY_TIMEOUT);
	else
		again(d, s);
}

static void tick_one(struct nacd *d, struct nacd_session *s, void *arg)
{
	int64_t now = *(const int64_t *)arg;

	if (!nac_session_open(s->state)) {
		if (s->tell_at && now >= s->tell_at)
			tell_refused(d, s, now);
		else if (s->tell_at && now - s->prompted >= PROMPT_S)
			prompt(d, s, now);
		return;
	}
	if (server_missed(d, s, now))
		nacd_session_close(d, s, NAC_WHY_REAUTH_FAILED);
	else if (now >= s->until)
		over(d, s, now);
	else if ((s->method == NAC_BY_MAC || s->state == NAC_S_QUARANTINED) &&
		s->until - now <= (int64_t)hold_of(d, s) / 2)
		again(d, s);
}

static bool forget_old(const void *key, void *val, void *arg)
{
	const struct nacd_session *s = val;

	return !nac_session_open(s->state) && *(const int64_t *)arg - s->last > OLD_S;
}

void nacd_tick_sessions(struct nacd *d, int64_t now)
{
	if (!d->doc)
		return;
	nacd_sessions_each(d, tick_one, &now);
	sk_table_walk(d->sessions, forget_old, &now);
}
