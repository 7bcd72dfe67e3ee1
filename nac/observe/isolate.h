/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cutting unadmitted devices off a network whose switches nobody manages: their neighbours are
 * told, one by one, that they are at an address where nobody is, and they are told the same of
 * their neighbours. What is forged is journaled before it is sent, limited in rate, and taken back:
 * when a device is released, when the program ends, and after it was killed. Pure: frames go out by
 * a callback, times come in.
 *
 * This stops devices that behave, not an attacker who sets his neighbours' addresses by hand.
 */
#ifndef NAC_OBSERVE_ISOLATE_H
#define NAC_OBSERVE_ISOLATE_H

#include "lib/buf.h"
#include "lib/err.h"
#include "nac/observe/device.h"

/* ---- whether a device may be cut off at all ---- */

enum nac_spare {
	NAC_SPARE_NO, /* nothing speaks against it */
	NAC_SPARE_OFF,
	NAC_SPARE_ADMITTED,
	NAC_SPARE_UNDECIDED,
	NAC_SPARE_OWN,
	NAC_SPARE_INFRASTRUCTURE, /* registry */
	NAC_SPARE_LISTED,         /* DHCP server or router of this network */
	NAC_SPARE_VIRTUAL_ROUTER,
	NAC_SPARE_ROUTER,
	NAC_SPARE_DHCP_SERVER,
	NAC_SPARE_BRIDGE,
	NAC_SPARE_ACCESS_POINT,
	NAC_SPARE_MANY_ADDRESSES,
	NAC_SPARE_NOBODY_ADMITTED, /* not one admitted device here: the registry cannot be right */
	NAC_SPARE_LIMIT,           /* as many as allowed are cut off already */
	NAC_SPARE_OBSERVING,       /* would be cut off */
	NAC_SPARE_SETTLING,
};

struct nac_spare_facts {
	bool off, observing, settling, own, admitted, undecided, infrastructure, listed;
	uint32_t admitted_here, isolated, max_isolated;
};
/* The first safeguard that holds, in the order above. */
enum nac_spare nac_spare_why(const struct nac_device *d, const struct nac_spare_facts *f);
const char *nac_spare_text(enum nac_spare why);
/* Worth an event: somebody expects it to be cut off, and it is not. */
bool nac_spare_is_notable(enum nac_spare why);

/* ---- the forging ---- */

#define NAC_ISO_TARGETS 64
#define NAC_ISO_BINDINGS 1024 /* addresses of neighbours; those beyond are left alone */
#define NAC_ISO_FRAME 128

struct nac_iso;

struct nac_iso_config {
	uint32_t frames_per_s; /* 0: 500; a second's worth at once */
	uint32_t repeat_us;    /* 0: 500000 */
	void *arg;
	void (*send)(void *arg, const uint8_t *frame, size_t len);
};

struct nac_iso *nac_iso_new(const struct nac_iso_config *cfg);
void nac_iso_free(struct nac_iso *iso);

/*
 * The gateway's interface, and the address where nobody is: locally administered, sent from as
 * well, so that switches bring what is for it to the gateway, whose network card drops it.
 */
void nac_iso_self(struct nac_iso *iso, const struct nac_mac *mac, const struct nac_mac *sink);
/*
 * ip is at mac. NULL: not known or contested, nothing more is said of it. own: the gateway's, which
 * only the gateway gives up.
 */
void nac_iso_binding(struct nac_iso *iso, const struct nac_ip *ip, const struct nac_mac *mac,
	bool own, int64_t now_us);
/* Cut mac off. -ENOSPC: too many. Nothing is sent before nac_iso_journaled. */
int nac_iso_begin(struct nac_iso *iso, const struct nac_mac *mac, int64_t now_us);
/* Tell the truth again, at once and twice more. No-op for others. */
void nac_iso_end(struct nac_iso *iso, const struct nac_mac *mac, int64_t now_us);
void nac_iso_end_all(struct nac_iso *iso, int64_t now_us);
bool nac_iso_is_target(const struct nac_iso *iso, const struct nac_mac *mac);
uint32_t nac_iso_targets(const struct nac_iso *iso);
bool nac_iso_target_at(const struct nac_iso *iso, uint32_t i, struct nac_mac *ret);
bool nac_iso_restoring(const struct nac_iso *iso); /* truth is still to be told */
/* who asked everybody for ip: an answer is due, now and once more soon. */
void nac_iso_asked(
	struct nac_iso *iso, const struct nac_mac *who, const struct nac_ip *ip, int64_t now_us);
/* Send what is due. Call every 50 ms while there are targets or truth to tell. */
void nac_iso_tick(struct nac_iso *iso, int64_t now_us);
uint64_t nac_iso_sent(const struct nac_iso *iso);

/* What must be on disk differs from what was: write nac_iso_journal's text, then say so. */
bool nac_iso_dirty(const struct nac_iso *iso);
/* Append one JSON object. */
void nac_iso_journal(const struct nac_iso *iso, struct sk_buf *b);
void nac_iso_journaled(struct nac_iso *iso);
/* At start: take back what the journal's object says was forged. -EINVAL: not a journal. */
int nac_iso_recover(
	struct nac_iso *iso, const char *text, size_t len, int64_t now_us, struct sk_err *err);

#endif
