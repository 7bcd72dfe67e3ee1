/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May this device enter by this port now, and why. One question, one answer, all checks in order
 * for `explain`. Pure: what is known about the device and the time are arguments. The port's mode
 * plays no part: in learn and rehearse the answer is what would happen.
 */
#ifndef NAC_DECIDE_H
#define NAC_DECIDE_H

#include "nac/admission/document.h"

/* How much longer than the time to the next authentication the gate stays open by itself. */
#define NAC_REAUTH_MARGIN 60
#define NAC_QUARANTINE_SECONDS 600

enum nac_verdict { NAC_REFUSE, NAC_QUARANTINE, NAC_ADMIT };

enum nac_reason {
	NAC_OK,
	NAC_NO_PORT,     /* the port is not watched */
	NAC_BAD_MAC,     /* no device can have this address */
	NAC_GATEWAY_MAC, /* it is the gateway's own */
	NAC_UNKNOWN,     /* nobody registered it */
	NAC_RANDOMISED,  /* nobody registered it, and it is a made-up address */
	NAC_IS_REVOKED,
	NAC_IS_EXPIRED,
	NAC_IS_QUARANTINED,
	NAC_WRONG_PORT, /* registered for other ports */
	NAC_WRONG_ZONE,
	NAC_METHOD_PORT,      /* the port does not offer the method */
	NAC_METHOD_DEVICE,    /* the device may not use it */
	NAC_NO_IDENTITY,      /* 802.1X without a proven identity */
	NAC_NOT_PROVEN,       /* 802.1X was tried and failed */
	NAC_IDENTITY_UNKNOWN, /* nobody registered this identity */
	NAC_IDENTITY_OTHER,   /* it is the identity of another device */
	NAC_MAC_OTHER,        /* the device of this identity has other addresses */
	NAC_ELSEWHERE,        /* the address is in use on another port */
	NAC_PORT_FULL,
	NAC_LOOKS_DIFFERENT, /* the fingerprint is another device's */
	NAC_GUEST,           /* admitted by credentials alone */
	NAC_REASONS
};

struct nac_question {
	const struct nac_document *doc;
	const char *port;
	struct nac_mac mac;
	enum nac_method method;
	const char *identity;         /* proven by 802.1X; NULL or "": none */
	const struct nac_print *seen; /* NULL: nothing known */
	int64_t now;
	const char *elsewhere; /* another port on which this MAC is admitted; NULL: none */
	size_t on_port;        /* devices admitted on the port, without this one */
	size_t confined;       /* likewise those that reach the notice page alone */
	bool gateways;         /* the gateway itself has this address */
};

struct nac_decision {
	enum nac_verdict verdict;
	enum nac_reason reason;
	const struct nac_record *device; /* borrowed from the document; NULL: not registered */
	unsigned seconds;                /* how long the gate may stay open without being renewed */
	bool conflict;                   /* the address is on two ports: report it */
	bool moved; /* proven by 802.1X here: the admission elsewhere is to be ended */
	bool quarantine_elsewhere; /* on_conflict: the other one is not trusted either */
	unsigned differs;          /* NAC_PRINT_… bits: how it looks other than registered */
	bool different;            /* so much that it must be reported, whatever the verdict */
};

enum nac_check_id {
	NAC_CHECK_PORT,
	NAC_CHECK_MAC,
	NAC_CHECK_DEVICE,
	NAC_CHECK_STATE,
	NAC_CHECK_EXPIRY,
	NAC_CHECK_PLACE,
	NAC_CHECK_METHOD,
	NAC_CHECK_IDENTITY,
	NAC_CHECK_ELSEWHERE,
	NAC_CHECK_FINGERPRINT,
	NAC_CHECK_ROOM,
	NAC_CHECKS
};
enum nac_result { NAC_NOT_ASKED, NAC_PASSED, NAC_WARNED, NAC_FAILED };

struct nac_checks {
	enum nac_result result[NAC_CHECKS];
	enum nac_reason reason[NAC_CHECKS];
};

/* ret_checks may be NULL. */
void nac_decide(
	const struct nac_question *q, struct nac_decision *ret, struct nac_checks *ret_checks);

const char *nac_verdict_name(enum nac_verdict v); /* "refused" "quarantined" "admitted" */
const char *nac_reason_name(enum nac_reason r);   /* "identity_other" */
const struct sk_text *nac_reason_text(enum nac_reason r);
const char *nac_check_name(enum nac_check_id c);
const struct sk_text *nac_check_text(enum nac_check_id c);
const char *nac_result_name(enum nac_result r);

#endif
