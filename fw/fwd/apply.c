/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies into the kernel: start, apply, confirm, the way back, expiry. All of it works without
 * mgmtd. Order everywhere: disk (so that a death is a rollback), kernel, connections, event.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fw/fwd/apply.h"
#include "fw/fwd/fwd.h"
#include "fw/fwd/transparent.h"
#include "fw/nft/list.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"

#define RETRY_MAX_S 30
#define US 1000000ull

static void arm_expiry(struct fwd *d);

/* ---- kernel ---- */

static int kernel_apply(
	struct fwd *d, const struct fw_policy *p, struct fw_nft_stats *ret, struct sk_err *err)
{
	_cleanup_(sk_freep) struct fw_nft_counter *start = NULL;
	struct fw_nft_stats stats = {0};
	size_t n = 0;
	int r;

	fwd_poll_counters(d);
	if (fwd_counters_expect(&d->counters, p) < 0 ||
		fwd_counters_start(&d->counters, &start, &n) < 0)
		return sk_err_nomem(err);
	r = fwd_transparent_before(d, p, err);
	if (r < 0)
		return r;
	fwd_seal_break(d);
	fwd_drift_pause(d, true);
	r = fw_nft_apply(d->nft, p, start, n, &stats, err);
	fwd_drift_pause(d, false);
	if (r < 0) {
		fwd_transparent_kept(d);
		return r;
	}
	fwd_counters_started(&d->counters);
	fwd_poll_counters(d);
	fwd_guard_applied(d, p);
	fwd_list_applied(d);
	fwd_transparent_applied(d, p);
	*ret = stats;
	return 0;
}

static bool decide(const struct fwd_conn *conn, void *arg)
{
	return fwd_cut_decide(arg, conn);
}

/*
 * Connections that the step from before to running ends. before NULL: unknown, look at everything;
 * before running itself: only those whose record is gone. Trouble is only logged.
 */
static size_t cut(struct fwd *d, const struct fw_policy *before)
{
	_cleanup_(fwd_cut_freep) struct fwd_cut *plan = NULL;
	struct sk_err err = {0};
	size_t n = 0;
	int r;

	if (fwd_cut_new(&plan, before, d->running) < 0)
		r = sk_err_nomem(&err);
	else
		r = fwd_cut_needed(plan) || before == d->running
			? fwd_ct_cut(d->ct, decide, plan, &n, &err)
			: 0;
	if (r < 0) {
		sk_log_err(LOG_ERR, "ending connections", &err);
		fwd_warn(d, "connections could not be ended: %s", err.en);
	}
	return n;
}

int fwd_reapply(struct fwd *d, struct sk_err *err)
{
	struct fw_nft_stats stats;
	int r = kernel_apply(d, d->running, &stats, err);

	d->dirty = r < 0;
	if (r < 0)
		d->retry_at = (int64_t)(sk_mono_us() / US) +
			SK_MIN(1 << SK_MIN(d->retries++, 5u), RETRY_MAX_S);
	else
		d->retries = 0;
	return r;
}

int fwd_repair(struct fwd *d, struct sk_err *err)
{
	int r = fwd_reapply(d, err);

	if (r == 0)
		cut(d, NULL);
	return r;
}

/* ---- events ---- */

static json_t *describe(const struct fw_policy *p)
{
	return json_pack("{s:I,s:s,s:I}", "generation", (json_int_t)p->generation, "sha256",
		p->sha256, "rules", (json_int_t)p->n_rules);
}

static void set_int(json_t *o, const char *key, int64_t v)
{
	if (o)
		json_object_set_new(o, key, json_integer(v));
}

static void set_str(json_t *o, const char *key, const char *v)
{
	if (o)
		json_object_set_new(o, key, json_string(v));
}

/* ---- start ---- */

/* No document: nothing but the built-ins, everything else denied. */
static int builtin_policy(struct fw_policy **ret, struct sk_err *err)
{
	struct fw_policy *p = fw_policy_new();
	int r;

	if (!p)
		return sk_err_nomem(err);
	r = fw_policy_finish(p, err);
	if (r < 0) {
		fw_policy_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

bool fwd_kernel_has_rules(struct fwd *d)
{
	_cleanup_(sk_freep) struct fw_nft_counter *k = NULL;
	size_t n = 0;

	/* Each of our rules has a counter. What cannot be read is better left alone. */
	return fw_nft_counters(d->nft, &k, &n, NULL) < 0 || n > 0;
}

static int boot_without(struct fwd *d, struct sk_err *err)
{
	int r = builtin_policy(&d->running, err);

	if (r < 0)
		return r;
	d->confirmed = d->running;
	d->none = true;
	sk_log(LOG_WARNING, "no policy on disk: everything is denied until one is applied");
	if (fwd_kernel_has_rules(d)) {
		sk_log(LOG_WARNING, "the kernel keeps the table it has");
		d->adopted = true;
		return 0;
	}
	return fwd_repair(d, err);
}

/*
 * The kernel does not take the confirmed policy. A gateway that answers and says so can be mended:
 * what the kernel has stays, or everything is denied if it has nothing; the policy is tried again
 * and again.
 */
static int boot_refused(struct fwd *d, struct sk_err *err)
{
	struct fw_policy *p = NULL;
	struct fw_nft_stats stats;
	int r;

	sk_log_err(LOG_CRIT, "the kernel refuses the confirmed policy (retried)", err);
	fwd_warn(d, "the confirmed policy was refused by the kernel at start: %s", err->en);
	if (fwd_kernel_has_rules(d))
		return 0;
	r = builtin_policy(&p, err);
	if (r == 0)
		r = kernel_apply(d, p, &stats, err);
	fw_policy_free(p);
	return r;
}

static int boot_with(struct fwd *d, const struct fwd_load *l, struct sk_err *err)
{
	struct sk_err disk = {0};
	int r;

	d->running = d->confirmed = l->policy;
	d->expired = l->expired;
	if (fwd_reapply(d, err) < 0)
		return boot_refused(d, err);
	cut(d, NULL);
	r = fwd_persist_settle(d->disk, l, &disk);
	if (r < 0) {
		sk_log_err(LOG_ERR, "state directory", &disk);
		fwd_warn(d, "state directory: %s", disk.en);
	}
	sk_log(LOG_INFO, "generation %" PRIu64 " loaded (%s): %zu rules, %zu expired left out",
		d->running->generation, fwd_loaded_name(l->from), d->running->n_rules, l->expired);
	return 0;
}

static void boot_events(struct fwd *d, const struct fwd_load *l)
{
	json_t *v = describe(d->running);

	set_str(v, "loaded_from", fwd_loaded_name(l->from));
	set_int(v, "expired_left_out", (int64_t)l->expired);
	fwd_report(d, "start", v);
	if (l->interrupted) {
		sk_log(LOG_WARNING, "an unconfirmed policy was left over: rolled back");
		v = describe(d->running);
		set_str(v, "why", "interrupted");
		fwd_report(d, "rollback", v);
	}
	if (l->damaged) {
		sk_log(LOG_ERR, "the confirmed policy is damaged (%s): %s", l->damage.en,
			d->none ? "nothing to fall back to" : "the previous one was loaded");
		fwd_warn(d, "the confirmed policy on disk was damaged: %s", l->damage.en);
		v = describe(d->running);
		set_str(v, "why", l->damage.en);
		fwd_report(d, "fallback", v);
	}
}

int fwd_boot(struct fwd *d, struct sk_err *err)
{
	struct fwd_load l = {0};
	int r = fwd_persist_load(d->disk, sk_now(), &l, err);
	bool away;

	if (r < 0)
		return r;
	/* What the blocklists hold is not in the seal, since it changes all the time. */
	away = fwd_seal_broken(d) || !fw_nft_list_matches(d->nft, fwd_list_current(d));
	d->loaded = l.from;
	r = l.policy ? boot_with(d, &l, err) : boot_without(d, err);
	if (r < 0)
		return r;
	if (!l.policy && fwd_persist_settle(d->disk, &l, NULL) < 0)
		fwd_warn(d, "the state directory cannot be written");
	boot_events(d, &l);
	if (away)
		fwd_drift_away(d);
	arm_expiry(d);
	return 0;
}

/* ---- apply ---- */

/* running and confirmed are about to be replaced by p as both (final) or as running only. */
static void install(struct fwd *d, struct fw_policy *p, bool final)
{
	if (final) {
		if (d->confirmed != d->running)
			fw_policy_free(d->confirmed);
		fw_policy_free(d->running);
		d->confirmed = p;
	}
	d->running = p;
	d->loaded = FWD_LOADED_APPLY;
	d->none = d->adopted = false;
	d->expired = 0;
	d->dirty = false;
	arm_expiry(d);
}

static int on_deadline(sd_event_source *s, uint64_t usec, void *arg)
{
	struct fwd *d = arg;
	struct sk_err err = {0};

	if (d->trial && fwd_rollback(d, "not confirmed", &err) < 0)
		sk_log_err(LOG_CRIT, "automatic rollback (retried)", &err);
	return 0;
}

static int begin_trial(struct fwd *d, int confirm_s, struct sk_err *err)
{
	/* Boot time: counts while suspended, and nobody can set it. */
	uint64_t at = sk_boot_us() + (uint64_t)confirm_s * US;
	int r;

	d->deadline_timer = sd_event_source_disable_unref(d->deadline_timer);
	r = sd_event_add_time(d->ev, &d->deadline_timer, CLOCK_BOOTTIME, at, 1000, on_deadline, d);
	if (r < 0)
		return sk_err_set(
			err, r, NULL, "event loop: %s", "イベントループ: %s", strerror(-r));
	/* Before anything a client asks for. */
	sd_event_source_set_priority(d->deadline_timer, SD_EVENT_PRIORITY_IMPORTANT);
	d->deadline = sk_now() + confirm_s;
	d->trial = true;
	d->overdue = false;
	return 0;
}

static void end_trial(struct fwd *d)
{
	d->deadline_timer = sd_event_source_disable_unref(d->deadline_timer);
	d->trial = d->overdue = false;
	d->deadline = 0;
}

static int make_confirmed(struct fwd *d, struct sk_err *err)
{
	int r = fwd_persist_confirm(d->disk, err);

	if (r > 0)
		fwd_warn(d, "the disk could not be synced: %s", err->en);
	/* Whatever was wrong with the old one is over. */
	if (r >= 0)
		fwd_unwarn(d, "the confirmed policy");
	return SK_MIN(r, 0);
}

/* The kernel runs p, the disk knows it as trial: make it final, or start its time. */
static int settle(struct fwd *d, int confirm_s, struct sk_err *err)
{
	if (confirm_s > 0)
		return begin_trial(d, confirm_s, err);
	return make_confirmed(d, err);
}

static void applied(struct fwd *d, const struct fw_policy *p, int confirm_s, size_t n_cut)
{
	json_t *v = describe(p);

	set_int(v, "confirm", confirm_s);
	set_int(v, "cut", (int64_t)n_cut);
	fwd_report(d, "apply", v);
	sk_log(LOG_NOTICE, "generation %" PRIu64 " applied: %zu rules, %zu connections ended, %s",
		p->generation, p->n_rules, n_cut, confirm_s ? "waiting for confirmation" : "final");
}

/* The kernel runs p and must not; if going back fails it is tried until it works. */
static void go_back(struct fwd *d, const struct fw_policy *p)
{
	struct sk_err err = {0};

	if (fwd_reapply(d, &err) < 0)
		sk_log_err(LOG_CRIT, "return to the confirmed policy (retried)", &err);
	else
		cut(d, p);
}

/* What fwd_apply does once the document is known to be good. p is taken over on success only. */
static int apply_parsed(struct fwd *d, struct fw_policy *p, int confirm_s, struct fwd_applied *ret,
	struct sk_err *err)
{
	struct fw_policy *old = d->running;
	/* NULL: the kernel runs something else. */
	const struct fw_policy *before = d->none || d->dirty ? NULL : old;
	struct sk_err again = {0};
	int r = kernel_apply(d, p, &ret->stats, err);

	if (r == 0) {
		r = settle(d, confirm_s, err);
		if (r < 0)
			go_back(d, p);
	}
	if (r < 0) {
		if (fwd_persist_drop_trial(d->disk, &again) < 0)
			sk_log_err(LOG_ERR, "state directory", &again);
		return r;
	}
	/* A final one frees the old policy, which is still needed for the comparison. */
	d->running = p;
	ret->cut = cut(d, before);
	d->running = old;
	install(d, p, confirm_s == 0);
	fwd_save_counters(d);
	return 0;
}

int fwd_apply(struct fwd *d, const void *doc, size_t n, int confirm_s, struct fwd_applied *ret,
	struct sk_err *err)
{
	struct fwd_applied a = {0};
	struct fw_policy *p = NULL;
	int r;

	if (d->trial)
		return sk_err_set(err, -EBUSY, NULL,
			"generation %" PRIu64
			" waits for confirmation: confirm it or roll it back first",
			"世代 %" PRIu64 " が確定待ちです。先に確定するか元に戻してください",
			d->running->generation);
	r = fw_policy_parse(doc, n, FW_POLICY_STRICT, sk_now(), &p, NULL, err);
	if (r < 0)
		return r;
	r = fwd_persist_trial(d->disk, doc, n, err);
	if (r == 0)
		r = apply_parsed(d, p, confirm_s, &a, err);
	if (r < 0) {
		sk_log_err(LOG_ERR, "apply refused", err);
		fw_policy_free(p);
		return r;
	}
	a.generation = p->generation;
	snprintf(a.sha256, sizeof(a.sha256), "%s", p->sha256);
	a.confirm_deadline = d->deadline;
	applied(d, p, confirm_s, a.cut);
	*ret = a;
	return 0;
}

int fwd_confirm(struct fwd *d, uint64_t generation, struct sk_err *err)
{
	int r;

	if (d->running->generation != generation || d->overdue)
		return sk_err_set(err, -ESTALE, "generation",
			"generation %" PRIu64 " is not waiting for confirmation",
			"世代 %" PRIu64 " は確定待ちではありません", generation);
	/* Asked twice, because the first answer was lost. */
	if (!d->trial)
		return 0;
	r = make_confirmed(d, err);
	if (r < 0)
		return r;
	end_trial(d);
	fw_policy_free(d->confirmed);
	d->confirmed = d->running;
	fwd_report(d, "confirm", describe(d->running));
	sk_log(LOG_NOTICE, "generation %" PRIu64 " confirmed", generation);
	return 0;
}

int fwd_rollback(struct fwd *d, const char *why, struct sk_err *err)
{
	struct fw_policy *trial = d->running;
	struct sk_err disk = {0};
	json_t *v;
	size_t n;
	int r;

	if (!d->trial)
		return sk_err_set(err, -EINVAL, NULL, "no policy is waiting for confirmation",
			"確定待ちのポリシーはありません");
	d->overdue = true;
	d->running = d->confirmed;
	r = fwd_reapply(d, err);
	if (r < 0) {
		/* The kernel still runs the trial; fwd_retry comes back here. */
		d->running = trial;
		return r;
	}
	n = cut(d, trial);
	d->none = !d->running->sha256[0];
	end_trial(d);
	if (fwd_persist_drop_trial(d->disk, &disk) < 0) {
		sk_log_err(LOG_ERR, "state directory", &disk);
		fwd_warn(d, "state directory: %s", disk.en);
	}
	v = describe(d->running);
	set_int(v, "from_generation", (int64_t)trial->generation);
	set_str(v, "why", why);
	set_int(v, "cut", (int64_t)n);
	fwd_report(d, "rollback", v);
	sk_log(LOG_WARNING, "generation %" PRIu64 " rolled back to %" PRIu64 ": %s",
		trial->generation, d->running->generation, why);
	fw_policy_free(trial);
	arm_expiry(d);
	return 0;
}

void fwd_retry(struct fwd *d)
{
	struct sk_err err = {0};
	int r;

	if (!d->dirty || (int64_t)(sk_mono_us() / US) < d->retry_at)
		return;
	if (d->trial && d->overdue) {
		r = fwd_rollback(d, "not confirmed", &err);
	} else {
		r = fwd_repair(d, &err);
	}
	if (r < 0)
		sk_log_err(LOG_CRIT, "the kernel does not run the policy (retried)", &err);
	else
		sk_log(LOG_NOTICE, "the kernel runs the policy again");
}

/* ---- expiry ---- */

static int on_expiry(sd_event_source *s, uint64_t usec, void *arg)
{
	fwd_expire(arg);
	return 0;
}

/* The wall clock's own timer fires at once when the clock is set forward past it. */
static void arm_expiry(struct fwd *d)
{
	int64_t now = sk_now(), next = fw_policy_next_expiry(d->running, now);
	int64_t base = fw_policy_next_expiry(d->confirmed, now);
	int r;

	next = SK_MIN(next, base);
	d->expiry_timer = sd_event_source_disable_unref(d->expiry_timer);
	if (next >= INT64_MAX / 2000000)
		return;
	/* `expiry` is the last second in which the rule holds. */
	r = sd_event_add_time(d->ev, &d->expiry_timer, CLOCK_REALTIME, (uint64_t)(next + 1) * US,
		1000, on_expiry, d);
	if (r < 0)
		sk_log(LOG_ERR, "expiry timer: %s (checked every minute)", strerror(-r));
}

struct expired {
	struct fw_nft_counter *v; /* number, and the revision in packets */
	size_t n, cap;
};

static void on_expired(const struct fw_policy_rule *r, void *arg)
{
	struct expired *e = arg;

	if (sk_grow(&e->v, &e->cap, e->n + 1, sizeof(*e->v)) < 0)
		return;
	e->v[e->n++] = (struct fw_nft_counter){.number = r->rec.number, .packets = r->rec.revision};
}

void fwd_expire(struct fwd *d)
{
	struct expired e = {0};
	struct sk_err err = {0};
	int64_t now = sk_now();
	size_t dropped = fw_policy_drop_expired(d->running, now, on_expired, &e), n_cut = 0;
	int r;

	if (d->confirmed != d->running)
		fw_policy_drop_expired(d->confirmed, now, NULL, NULL);
	if (dropped > 0) {
		d->expired += dropped;
		r = fwd_reapply(d, &err);
		if (r < 0)
			sk_log_err(LOG_CRIT, "taking out expired rules (retried)", &err);
		else
			n_cut = cut(d, d->running);
		for (size_t i = 0; i < e.n; i++) {
			fwd_report(d, "expire",
				json_pack("{s:I,s:I,s:b}", "rule", (json_int_t)e.v[i].number,
					"revision", (json_int_t)e.v[i].packets, "removed", r == 0));
			sk_log(LOG_NOTICE, "rule %" PRIu32 " r%" PRIu64 " expired", e.v[i].number,
				e.v[i].packets);
		}
		sk_log(LOG_INFO, "%zu rules expired, %zu connections ended", dropped, n_cut);
	}
	free(e.v);
	arm_expiry(d);
}

void fwd_clock_back(struct fwd *d)
{
	struct fwd_load l = {0};
	struct sk_err err = {0};

	/* Rules taken out by a clock that was ahead are valid again: the document has them all. */
	if (d->expired == 0 || d->trial || d->none)
		return;
	if (fwd_persist_load(d->disk, sk_now(), &l, &err) < 0 || !l.policy)
		return;
	if (l.policy->generation != d->running->generation) {
		fw_policy_free(l.policy);
		return;
	}
	fw_policy_free(d->running);
	d->running = d->confirmed = l.policy;
	d->expired = l.expired;
	sk_log(LOG_WARNING, "the clock was set back: the policy is loaded again");
	if (fwd_reapply(d, &err) < 0)
		sk_log_err(LOG_ERR, "apply (retried)", &err);
	arm_expiry(d);
}
