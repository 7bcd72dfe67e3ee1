/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of one device on one port, as a pure table: what is not in it cannot happen. The daemon
 * keeps the gate as the state says.
 */
#ifndef NAC_SESSION_H
#define NAC_SESSION_H

#include <stdbool.h>

#include "lib/err.h"

enum nac_session_state {
	NAC_S_SEEN,    /* a frame came; nothing decided */
	NAC_S_PROVING, /* 802.1X has begun */
	NAC_S_ADMITTED,
	NAC_S_RENEWING,    /* admitted; 802.1X again, the gate stays open meanwhile */
	NAC_S_GRACE,       /* admitted; the RADIUS server is away: kept for a while */
	NAC_S_QUARANTINED, /* reaches the notice page */
	NAC_S_REFUSED,
	NAC_S_CLOSED, /* was in, is out */
	NAC_SESSION_STATES
};

enum nac_session_event {
	NAC_SE_FRAME,      /* a frame of somebody who is not in */
	NAC_SE_START,      /* 802.1X begins */
	NAC_SE_ADMIT,      /* the decision */
	NAC_SE_QUARANTINE, /* the decision */
	NAC_SE_REFUSE,     /* the decision, or 802.1X failed */
	NAC_SE_NO_SERVER,  /* 802.1X failed for want of the RADIUS server */
	NAC_SE_CLOSE,      /* link down, revoked, moved, expired, requested, mode … */
	NAC_SESSION_EVENTS
};

/* 0 and *ret, or -ESTALE with err. */
int nac_session_next(enum nac_session_state s, enum nac_session_event ev,
	enum nac_session_state *ret, struct sk_err *err);
bool nac_session_open(enum nac_session_state s); /* the gate lets it through (or to the page) */
const char *nac_session_name(enum nac_session_state s);
const char *nac_session_event_name(enum nac_session_event ev);

/* Why somebody who was in is out, for events. */
enum nac_why {
	NAC_WHY_EXPIRED,
	NAC_WHY_REVOKED,
	NAC_WHY_LINK_DOWN,
	NAC_WHY_LOGOFF,
	NAC_WHY_REAUTH_FAILED,
	NAC_WHY_MOVED,
	NAC_WHY_TIMEOUT,
	NAC_WHY_REQUESTED,
	NAC_WHY_MODE,
	NAC_WHY_GATE, /* the gate does not take it */
	NAC_WHYS
};
const char *nac_why_name(enum nac_why w);

#endif
