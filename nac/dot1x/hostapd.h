/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostapd on one port: written settings, started through the launcher, watched, started anew when
 * it ends or does not answer, commanded over its control socket (one for events, one for commands).
 * Nothing here decides: who proved what is reported to the owner.
 */
#ifndef NAC_DOT1X_HOSTAPD_H
#define NAC_DOT1X_HOSTAPD_H

#include <systemd/sd-event.h>

#include "lib/err.h"
#include "nac/dot1x/parse.h"

enum nac_hostapd_state { NAC_HOSTAPD_OFF, NAC_HOSTAPD_STARTING, NAC_HOSTAPD_RUNNING };

/* What a device proved. method is the word of events: "tls", "peap", "ttls", "radius". */
struct nac_proof {
	struct nac_mac mac;
	char identity[NAC_HOSTAPD_IDENTITY];
	char claimed[NAC_HOSTAPD_IDENTITY]; /* EAP-TLS: what it said it was, "" if the same */
	char serial[NAC_HOSTAPD_SERIAL];    /* of the certificate, hex; "" none */
	const char *method;
};

struct nac_hostapd_ops {
	/* It runs and knows nobody: prompt those who are in. */
	void (*ready)(const char *port, void *arg);
	void (*proved)(const char *port, const struct nac_proof *p, void *arg);
	/* STARTED, FAILURE, TIMEOUT, DISCONNECTED, LOGOFF. */
	void (*event)(
		const char *port, enum nac_hostapd_event ev, const struct nac_mac *mac, void *arg);
	void (*down)(const char *port, void *arg); /* it ended; will be started again */
	/* Settings for the next start into its folder; failing, it is tried again later. */
	int (*configure)(const char *port, struct sk_err *err, void *arg);
};

struct nac_hostapd;

/* dir: as the launcher's; launcher_fd is borrowed. Off until nac_hostapd_start. */
int nac_hostapd_new(struct nac_hostapd **ret, sd_event *ev, const char *port, const char *dir,
	int launcher_fd, const struct nac_hostapd_ops *ops, void *arg, struct sk_err *err);
/* hostapd is another user, with its control socket in that folder; dir keeps others out. */
void nac_hostapd_share(struct nac_hostapd *h, const char *control_dir);
void nac_hostapd_free(struct nac_hostapd *h); /* ends the process */

void nac_hostapd_set(struct nac_hostapd *h, bool on);
/* A RADIUS server answers: whose certificate it was is that server's word, its User-Name. */
void nac_hostapd_use_radius(struct nac_hostapd *h, bool radius);
/* With new settings: its sessions are forgotten, not closed; see ops.ready. */
void nac_hostapd_restart(struct nac_hostapd *h);
/* The launcher's word about this port. */
void nac_hostapd_launched(struct nac_hostapd *h, int word, int value);
/* The interface came or went. */
void nac_hostapd_interface(struct nac_hostapd *h, bool present);

enum nac_hostapd_state nac_hostapd_state(const struct nac_hostapd *h);
pid_t nac_hostapd_pid(const struct nac_hostapd *h);
unsigned nac_hostapd_restarts(const struct nac_hostapd *h);
/* The RADIUS client's counters, as of the last look (every 5 s when it uses one). */
const struct nac_hostapd_radius *nac_hostapd_radius(const struct nac_hostapd *h);

/* Ask a device to prove itself, whether or not hostapd knows it. */
void nac_hostapd_prompt(struct nac_hostapd *h, const struct nac_mac *mac);
void nac_hostapd_reauth(struct nac_hostapd *h, const struct nac_mac *mac);
/* Tell the device that it is out, and forget it. */
void nac_hostapd_deny(struct nac_hostapd *h, const struct nac_mac *mac);
void nac_hostapd_forget(struct nac_hostapd *h, const struct nac_mac *mac);

#endif
