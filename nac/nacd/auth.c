/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hostapd reports, and what is asked of it. It is the witness, not the judge: a proof leads to
 * a decision, a failure to a closed gate unless the RADIUS server was away.
 */
#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "nac/nacd/parts.h"

#define FLOOD_S 60
#define STALE_S 30 /* an exchange takes milliseconds */
#define BUSY_S 3
#define RADIUS_DOWN_TIMEOUTS 1

/* ---- devices in the middle of it --------------------------------------------------------------
 */

static struct nacd_pending *pending_find(struct nacd_port *p, const struct nac_mac *mac)
{
	for (size_t i = 0; i < NACD_PENDING; i++)
		if (p->pending[i].at && nac_mac_equal(&p->pending[i].mac, mac))
			return &p->pending[i];
	return NULL;
}

static void pending_done(struct nacd_port *p, const struct nac_mac *mac)
{
	struct nacd_pending *e = pending_find(p, mac);

	if (e)
		e->at = 0;
}

static void tell_flood(struct nacd *d, struct nacd_port *p, int64_t now)
{
	p->flooded++;
	if (now - p->flood_at < FLOOD_S)
		return;
	p->flood_at = now;
	nacd_report(d, "flood",
		json_pack("{s:s,s:s,s:I}", "port", p->name, "kind", "eapol", "count",
			(json_int_t)p->flooded));
	p->flooded = 0;
}

/*
 * hostapd keeps everybody who ever said a word, up to a limit that locks the rest out. So that
 * strangers cannot fill it, the one who has waited longest is put out of it; registered devices are
 * last.
 */
static struct nacd_pending *pending_victim(struct nacd *d, struct nacd_port *p, int64_t now)
{
	struct nacd_pending *oldest = NULL, *stranger = NULL;

	for (size_t i = 0; i < NACD_PENDING; i++) {
		struct nacd_pending *e = &p->pending[i];

		if (!e->at)
			return e;
		if (!oldest || e->at < oldest->at)
			oldest = e;
		if ((!stranger || e->at < stranger->at) && !nac_document_by_mac(d->doc, &e->mac))
			stranger = e;
	}
	return now - oldest->at > STALE_S || !stranger ? oldest : stranger;
}

static void pending_add(struct nacd *d, struct nacd_port *p, const struct nac_mac *mac)
{
	struct nacd_pending *e = pending_find(p, mac);
	int64_t now = sk_now();

	if (!e) {
		e = pending_victim(d, p, now);
		if (e->at) {
			nac_hostapd_forget(p->hostapd, &e->mac);
			tell_flood(d, p, now);
		}
	}
	*e = (struct nacd_pending){.mac = *mac, .at = now};
}

/* ---- reports ----------------------------------------------------------------------------------
 */

static void on_proved(const char *port, const struct nac_proof *proof, void *arg)
{
	struct nacd *d = arg;
	struct nacd_port *p = nacd_port_find(d, port);

	if (!p || !d->doc)
		return;
	pending_done(p, &proof->mac);
	nacd_admit(d, port, &proof->mac, proof);
}

static void on_failure(struct nacd *d, struct nacd_port *p, const struct nac_mac *mac, bool silent)
{
	struct nacd_session *s = nacd_session_get(d, p->name, mac);

	nacd_radius_watch(d, sk_now());
	if (s && nac_session_open(s->state) && s->method == NAC_BY_DOT1X) {
		/* A refusal is the server's own word, however lately it was away. */
		if (silent && d->radius_down && d->doc->radius_down != NAC_RADIUS_CLOSE) {
			nac_session_next(s->state, NAC_SE_NO_SERVER, &s->state, NULL);
			return;
		}
		nacd_session_close(d, s, silent ? NAC_WHY_TIMEOUT : NAC_WHY_REAUTH_FAILED);
		return;
	}
	if (s && !silent && !nac_session_open(s->state))
		nacd_auth_failed(d, s);
}

/*
 * hostapd forgets whom it has denied only 5 s later, also when it has proven itself again
 * meanwhile. Where nobody said goodbye it is asked for its proof once more; silence then closes.
 */
static void on_gone(struct nacd *d, struct nacd_port *p, struct nacd_session *s, bool logoff)
{
	if (!s || s->method != NAC_BY_DOT1X || s->state == NAC_S_GRACE ||
		s->state == NAC_S_QUARANTINED || !nac_session_open(s->state))
		return;
	if (logoff)
		nacd_session_close(d, s, NAC_WHY_LOGOFF);
	else
		nac_hostapd_prompt(p->hostapd, &s->mac);
}

void nacd_deny(struct nacd *d, struct nacd_session *s)
{
	struct nacd_port *p = nacd_port_find(d, s->port);

	if (!p || !p->hostapd)
		return;
	nac_hostapd_deny(p->hostapd, &s->mac);
}

static void on_event(
	const char *port, enum nac_hostapd_event ev, const struct nac_mac *mac, void *arg)
{
	struct nacd *d = arg;
	struct nacd_port *p = nacd_port_find(d, port);
	struct nacd_session *s;

	if (!p || !d->doc)
		return;
	s = nacd_session_get(d, port, mac);
	switch (ev) {
	case NAC_HE_STARTED:
		pending_add(d, p, mac);
		if (s) {
			nac_session_next(s->state, NAC_SE_START, &s->state, NULL);
			s->renewing = sk_now();
		}
		break;
	case NAC_HE_FAILURE:
	case NAC_HE_TIMEOUT:
		pending_done(p, mac);
		if (!s && ev == NAC_HE_FAILURE)
			nacd_session_make(d, port, mac, sk_now());
		on_failure(d, p, mac, ev == NAC_HE_TIMEOUT);
		break;
	case NAC_HE_DISCONNECTED:
	case NAC_HE_LOGOFF:
		pending_done(p, mac);
		on_gone(d, p, s, ev == NAC_HE_LOGOFF);
		break;
	default: break;
	}
}

static void prompt_one(struct nacd *d, struct nacd_session *s, void *arg)
{
	struct nacd_port *p = arg;

	if (strcmp(s->port, p->name) == 0 && nac_session_open(s->state) &&
		s->method == NAC_BY_DOT1X)
		nac_hostapd_prompt(p->hostapd, &s->mac);
}

/* It knows nobody yet: those who are in stay in, and are asked to prove themselves again. */
static void on_ready(const char *port, void *arg)
{
	struct nacd *d = arg;
	struct nacd_port *p = nacd_port_find(d, port);

	if (!p)
		return;
	memset(p->pending, 0, sizeof(p->pending));
	memset(p->radius_seen, 0, sizeof(p->radius_seen));
	nacd_sessions_each(d, prompt_one, p);
}

static void on_down(const char *port, void *arg)
{
	struct nacd *d = arg;

	nacd_report(
		d, "authenticator", json_pack("{s:s,s:s}", "port", port, "state", "restarting"));
}

static int on_configure(const char *port, struct sk_err *err, void *arg)
{
	struct nacd *d = arg;
	struct nacd_port *p = nacd_port_find(d, port);

	return p ? nacd_files_write(d, p, p->settings, err) : -ENOENT;
}

const struct nac_hostapd_ops nacd_hostapd_ops = {.ready = on_ready,
	.proved = on_proved,
	.event = on_event,
	.down = on_down,
	.configure = on_configure};

/* ---- asking -----------------------------------------------------------------------------------
 */

/* Only those who are registered for it: a prompt makes hostapd keep the address. */
void nacd_prompt(struct nacd *d, struct nacd_port *p, const struct nac_mac *mac)
{
	const struct nacd_pending *e = pending_find(p, mac);

	/* In the middle of it: leave it alone. */
	if (p->hostapd && (!e || sk_now() - e->at >= BUSY_S))
		nac_hostapd_prompt(p->hostapd, mac);
}

/* ---- the RADIUS server ------------------------------------------------------------------------
 */

static void radius_change(struct nacd *d, bool down, const char *port)
{
	if (d->radius_down == down)
		return;
	d->radius_down = down;
	d->radius_down_at = sk_now();
	nacd_report(d, "radius_down",
		json_pack("{s:s,s:s,s:s,s:s}", "server", d->doc->eap.radius_address, "state",
			down ? "down" : "up", "port", port, "policy",
			d->doc->radius_down == NAC_RADIUS_KEEP            ? "keep"
				: d->doc->radius_down == NAC_RADIUS_GRACE ? "grace"
									  : "close"));
}

/* Any answer since the last look: it is there. Timeouts and no answer: it is not. */
void nacd_radius_watch(struct nacd *d, int64_t now)
{
	if (!d->doc || !d->doc->eap.radius_address[0])
		return;
	for (size_t i = 0; i < d->n_ports; i++) {
		struct nacd_port *p = &d->ports[i];
		const struct nac_hostapd_radius *r;

		if (!p->hostapd)
			continue;
		r = nac_hostapd_radius(p->hostapd);
		if (r->answers > p->radius_seen[0])
			radius_change(d, false, p->name);
		else if (r->timeouts >= p->radius_seen[1] + RADIUS_DOWN_TIMEOUTS)
			radius_change(d, true, p->name);
		p->radius_seen[0] = r->answers;
		p->radius_seen[1] = r->timeouts;
	}
}
