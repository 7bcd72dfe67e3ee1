/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The states of a device on a port, and the words for why it is out. */
#include "nac/admission/session.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* Next state plus one; 0: impossible. */
#define TO(s) ((s) + 1)

static const uint8_t table[NAC_SESSION_STATES][NAC_SESSION_EVENTS] = {
	[NAC_S_SEEN] = {[NAC_SE_FRAME] = TO(NAC_S_SEEN),
		[NAC_SE_START] = TO(NAC_S_PROVING),
		[NAC_SE_ADMIT] = TO(NAC_S_ADMITTED),
		[NAC_SE_QUARANTINE] = TO(NAC_S_QUARANTINED),
		[NAC_SE_REFUSE] = TO(NAC_S_REFUSED),
		[NAC_SE_NO_SERVER] = TO(NAC_S_SEEN),
		[NAC_SE_CLOSE] = TO(NAC_S_SEEN)},
	[NAC_S_PROVING] = {[NAC_SE_FRAME] = TO(NAC_S_PROVING),
		[NAC_SE_START] = TO(NAC_S_PROVING),
		[NAC_SE_ADMIT] = TO(NAC_S_ADMITTED),
		[NAC_SE_QUARANTINE] = TO(NAC_S_QUARANTINED),
		[NAC_SE_REFUSE] = TO(NAC_S_REFUSED),
		[NAC_SE_NO_SERVER] = TO(NAC_S_SEEN),
		[NAC_SE_CLOSE] = TO(NAC_S_SEEN)},
	/* A frame of somebody who is in: the gate lost it (its timeout, a flushed table). */
	[NAC_S_ADMITTED] = {[NAC_SE_FRAME] = TO(NAC_S_ADMITTED),
		[NAC_SE_START] = TO(NAC_S_RENEWING),
		[NAC_SE_ADMIT] = TO(NAC_S_ADMITTED),
		[NAC_SE_QUARANTINE] = TO(NAC_S_QUARANTINED),
		[NAC_SE_REFUSE] = TO(NAC_S_CLOSED),
		[NAC_SE_NO_SERVER] = TO(NAC_S_GRACE),
		[NAC_SE_CLOSE] = TO(NAC_S_CLOSED)},
	[NAC_S_RENEWING] = {[NAC_SE_FRAME] = TO(NAC_S_RENEWING),
		[NAC_SE_START] = TO(NAC_S_RENEWING),
		[NAC_SE_ADMIT] = TO(NAC_S_ADMITTED),
		[NAC_SE_QUARANTINE] = TO(NAC_S_QUARANTINED),
		[NAC_SE_REFUSE] = TO(NAC_S_CLOSED),
		[NAC_SE_NO_SERVER] = TO(NAC_S_GRACE),
		[NAC_SE_CLOSE] = TO(NAC_S_CLOSED)},
	[NAC_S_GRACE] = {[NAC_SE_FRAME] = TO(NAC_S_GRACE),
		[NAC_SE_START] = TO(NAC_S_GRACE),
		[NAC_SE_ADMIT] = TO(NAC_S_ADMITTED),
		[NAC_SE_QUARANTINE] = TO(NAC_S_QUARANTINED),
		[NAC_SE_REFUSE] = TO(NAC_S_CLOSED),
		[NAC_SE_NO_SERVER] = TO(NAC_S_GRACE),
		[NAC_SE_CLOSE] = TO(NAC_S_CLOSED)},
	/* Its 802.1X may go on behind the notice page; only success takes it out. */
	[NAC_S_QUARANTINED] = {[NAC_SE_FRAME] = TO(NAC_S_QUARANTINED),
		[NAC_SE_START] = TO(NAC_S_QUARANTINED),
		[NAC_SE_ADMIT] = TO(NAC_S_ADMITTED),
		[NAC_SE_QUARANTINE] = TO(NAC_S_QUARANTINED),
		[NAC_SE_REFUSE] = TO(NAC_S_CLOSED),
		[NAC_SE_NO_SERVER] = TO(NAC_S_QUARANTINED),
		[NAC_SE_CLOSE] = TO(NAC_S_CLOSED)},
	[NAC_S_REFUSED] = {[NAC_SE_FRAME] = TO(NAC_S_REFUSED),
		[NAC_SE_START] = TO(NAC_S_PROVING),
		[NAC_SE_ADMIT] = TO(NAC_S_ADMITTED),
		[NAC_SE_QUARANTINE] = TO(NAC_S_QUARANTINED),
		[NAC_SE_REFUSE] = TO(NAC_S_REFUSED),
		[NAC_SE_NO_SERVER] = TO(NAC_S_REFUSED),
		[NAC_SE_CLOSE] = TO(NAC_S_SEEN)},
	/* Out: what is still on its way cannot keep it in, it begins anew. */
	[NAC_S_CLOSED] = {[NAC_SE_FRAME] = TO(NAC_S_SEEN),
		[NAC_SE_START] = TO(NAC_S_PROVING),
		[NAC_SE_ADMIT] = TO(NAC_S_ADMITTED),
		[NAC_SE_QUARANTINE] = TO(NAC_S_QUARANTINED),
		[NAC_SE_REFUSE] = TO(NAC_S_REFUSED)},
};

static const char *const states[NAC_SESSION_STATES] = {
	[NAC_S_SEEN] = "seen",
	[NAC_S_PROVING] = "authenticating",
	[NAC_S_ADMITTED] = "admitted",
	[NAC_S_RENEWING] = "renewing",
	[NAC_S_GRACE] = "grace",
	[NAC_S_QUARANTINED] = "quarantined",
	[NAC_S_REFUSED] = "refused",
	[NAC_S_CLOSED] = "closed",
};

static const char *const events[NAC_SESSION_EVENTS] = {
	[NAC_SE_FRAME] = "frame",
	[NAC_SE_START] = "start",
	[NAC_SE_ADMIT] = "admit",
	[NAC_SE_QUARANTINE] = "quarantine",
	[NAC_SE_REFUSE] = "refuse",
	[NAC_SE_NO_SERVER] = "no_server",
	[NAC_SE_CLOSE] = "close",
};

static const char *const whys[NAC_WHYS] = {
	[NAC_WHY_EXPIRED] = "expired",
	[NAC_WHY_REVOKED] = "revoked",
	[NAC_WHY_LINK_DOWN] = "link_down",
	[NAC_WHY_LOGOFF] = "logoff",
	[NAC_WHY_REAUTH_FAILED] = "reauth_failed",
	[NAC_WHY_MOVED] = "moved",
	[NAC_WHY_TIMEOUT] = "timeout",
	[NAC_WHY_REQUESTED] = "requested",
	[NAC_WHY_MODE] = "mode",
	[NAC_WHY_GATE] = "gate",
};

int nac_session_next(enum nac_session_state s, enum nac_session_event ev,
	enum nac_session_state *ret, struct sk_err *err)
{
	if ((unsigned)s >= NAC_SESSION_STATES || (unsigned)ev >= NAC_SESSION_EVENTS)
		return sk_err_en(err, -ESTALE, "session", "unknown state or event");
	if (!table[s][ev])
		return sk_err_en(err, -ESTALE, "session", "%s is not possible while %s", events[ev],
			states[s]);
	*ret = (enum nac_session_state)(table[s][ev] - 1);
	return 0;
}

bool nac_session_open(enum nac_session_state s)
{
	return s == NAC_S_ADMITTED || s == NAC_S_RENEWING || s == NAC_S_GRACE ||
		s == NAC_S_QUARANTINED;
}

const char *nac_session_name(enum nac_session_state s)
{
	return (unsigned)s < NAC_SESSION_STATES ? states[s] : "unknown";
}

const char *nac_session_event_name(enum nac_session_event ev)
{
	return (unsigned)ev < NAC_SESSION_EVENTS ? events[ev] : "unknown";
}

const char *nac_why_name(enum nac_why w)
{
	return (unsigned)w < NAC_WHYS ? whys[w] : "unknown";
}
