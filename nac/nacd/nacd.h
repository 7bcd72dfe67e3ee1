/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's one object: one thread, one event loop. Not for use outside nac/nacd. */
#ifndef NAC_NACD_H
#define NAC_NACD_H

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "lib/ipc.h"
#include "lib/spool.h"
#include "lib/table.h"
#include "nac/admission/decide.h"
#include "nac/admission/session.h"
#include "nac/dot1x/hostapd.h"
#include "nac/port/fwd.h"
#include "nac/port/gate.h"

#define NACD_SESSIONS 8192
#define NACD_PENDING 128 /* devices in the middle of 802.1X, of a port */
#define NACD_SEEN 8192
#define NACD_LOOKS 1024

struct nacd_opts {
	const char *state_dir, *run_dir, *fwd_socket;
	bool has_manager;
	uid_t manager; /* who besides root may connect */
	mode_t socket_mode;
	gid_t socket_gid;
	bool has_socket_gid;
	uint16_t page_port; /* 0: no notice page */
	/* hostapd is another user of this group, with its control sockets there; NULL: it is we */
	const char *control_dir;
	gid_t hostapd_gid;
};

struct nacd_pending {
	struct nac_mac mac;
	int64_t at; /* seconds; 0: free */
};

struct nacd_port {
	char name[NAC_NAME_MAX];
	struct nac_port conf; /* with the mode in force */
	bool has_override;    /* the mode was switched by hand since the document came */
	bool present, link;
	unsigned ifindex;
	struct nac_hostapd *hostapd; /* NULL: no 802.1X */
	char settings[65];           /* hash of what hostapd was started with */
	size_t open, confined;       /* sessions that are in; that are quarantined */
	struct nacd_pending pending[NACD_PENDING];
	int64_t flood_at;
	uint64_t flooded;
	uint64_t radius_seen[2]; /* answers and timeouts at the last look */
};

/* A device on a port. The key is (port, MAC). */
struct nacd_session {
	char port[NAC_NAME_MAX];
	struct nac_mac mac;
	enum nac_session_state state;
	enum nac_method method;
	enum nac_reason reason; /* of the last decision */
	char eap[8];            /* "tls", "peap"…, "" */
	char identity[NAC_HOSTAPD_IDENTITY];
	char serial[NAC_HOSTAPD_SERIAL];
	int64_t device, revision; /* number in the document, 0: none */
	int64_t first, last;      /* seen, seconds */
	int64_t since, until;     /* in; the gate's end */
	int64_t told;             /* when its refusal was reported */
	int64_t tell_at;          /* it may prove itself first: report then, 0: nothing to report */
	int64_t renewing;         /* since when it proves itself again */
	int64_t held;             /* closed by hand: not let in again before */
	int64_t prompted;         /* asked to prove itself */
	enum nac_reason told_reason;
	bool different_told;
};

struct nacd_seen;
struct nacd_looks;
struct nacd_page;
struct nacd_links;
struct nacd_sensor;

struct nacd {
	struct nacd_opts opts;
	sd_event *ev;
	int64_t started;
	uint8_t seed[16];
	struct nac_document *doc;
	char sha256[65];
	struct nacd_port ports[NAC_PORTS_MAX];
	size_t n_ports;
	struct sk_table *sessions;
	struct nac_gate *gate;
	bool listing; /* the gate's list is being read: nothing is sent meanwhile */
	bool synced;
	json_t *told_ports; /* as fwd was told last; NULL: not told */
	bool known_due;     /* fwd has not been told of the devices as they are now */
	struct nac_fwd *fwd;
	int launcher;
	struct nacd_seen *seen;
	struct nacd_looks *looks;
	struct nacd_page *page;
	struct nacd_links *links;
	struct nacd_sensor *sensor;
	sd_event_source *tick, *flush_gate, *launcher_io;
	bool radius_down;
	int64_t radius_down_at;
	int64_t saved_at, maintained_at;
	bool dirty; /* sessions differ from what is on disk */

	struct sk_ipc_server *ipc;
	struct sk_ipc_client *subscriber;
	struct sk_spool *spool;
	char instance[49];
	struct sk_buf frame;
	sd_event_source *flush_events;
	bool flush_armed;
};

#endif
