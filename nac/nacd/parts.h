/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon's files offer each other. Not for use outside nac/nacd. */
#ifndef NAC_NACD_PARTS_H
#define NAC_NACD_PARTS_H

#include "nac/nacd/nacd.h"

/* ---- daemon.c ---- */
int nacd_new(struct nacd **ret, sd_event *ev, const struct nacd_opts *o, int launcher,
	struct sk_err *err);
int nacd_start(struct nacd *d, struct sk_err *err);
void nacd_free(struct nacd *d);
struct nacd_port *nacd_port_find(struct nacd *d, const char *name);
/* Ports as the document has them: hostapd started, ended, restarted where settings changed. */
int nacd_ports_apply(struct nacd *d, struct sk_err *err);

/* ---- session.c ---- */
struct nacd_session *nacd_session_get(struct nacd *d, const char *port, const struct nac_mac *mac);
struct nacd_session *nacd_session_make(
	struct nacd *d, const char *port, const struct nac_mac *mac, int64_t now);
/* by 1 or -1: count it with the others of its port, as its state is. */
void nacd_session_count(struct nacd *d, const struct nacd_session *s, int by);
/* Out: the gate first, then hostapd, then the event. Nothing if it is not in. */
void nacd_session_close(struct nacd *d, struct nacd_session *s, enum nac_why why);
void nacd_sessions_each(
	struct nacd *d, void (*fn)(struct nacd *d, struct nacd_session *s, void *arg), void *arg);
size_t nacd_sessions_of(
	struct nacd *d, const struct nac_mac *mac, struct nacd_session **ret, size_t max);

/* ---- admit.c ---- */
/* Ask the question for a device and act on the answer. proof NULL: by MAC. */
void nacd_admit(
	struct nacd *d, const char *port, const struct nac_mac *mac, const struct nac_proof *proof);
/* 802.1X was tried and failed by somebody who is not in. */
void nacd_auth_failed(struct nacd *d, struct nacd_session *s);
/* The answer alone. */
void nacd_ask(struct nacd *d, const char *port, const struct nac_mac *mac, enum nac_method method,
	const char *identity, struct nac_decision *ret, struct nac_checks *ret_checks);
/* Everybody again, after another document, mode or hour. */
void nacd_review(struct nacd *d);
void nacd_tick_sessions(struct nacd *d, int64_t now);

/* ---- auth.c: hostapd's reports ---- */
extern const struct nac_hostapd_ops nacd_hostapd_ops;
void nacd_radius_watch(struct nacd *d, int64_t now);
/* hostapd tells the device that it is out, and forgets it some seconds later. */
void nacd_deny(struct nacd *d, struct nacd_session *s);
void nacd_prompt(struct nacd *d, struct nacd_port *p, const struct nac_mac *mac);

/* ---- files.c: hostapd's settings ---- */
int nacd_files_prepare(struct nacd *d, struct sk_err *err);
/* PORT.conf, users, authority with its CRL; *ret_hash (65 bytes) over all of it. */
int nacd_files_write(struct nacd *d, const struct nacd_port *p, char *ret_hash, struct sk_err *err);

/* ---- gatesync.c ---- */
extern const struct nac_fwd_ops nacd_fwd_ops;
void nacd_gate_ports(struct nacd *d);
void nacd_gate_set(struct nacd *d, const struct nacd_session *s, enum nac_gate_state state);
/* Tell, behind the changes of this turn, who is registered for 802.1X. */
void nacd_gate_known(struct nacd *d);
void nacd_gate_forget(struct nacd *d, const char *port, const struct nac_mac *mac);

/* ---- apply.c ---- */
int nacd_apply(struct nacd *d, const char *text, size_t n, bool check, int64_t *ret_generation,
	char ret_sha256[65], struct sk_err *err);
int nacd_apply_saved(struct nacd *d);
/* port "all": every one. Kept over restarts until another document comes. */
int nacd_mode(struct nacd *d, const char *port, enum nac_mode mode, struct sk_err *err);
void nacd_sessions_save(struct nacd *d);
void nacd_sessions_load(struct nacd *d);

/* ---- events.c ---- */
int nacd_events_start(struct nacd *d, struct sk_err *err);
void nacd_events_stop(struct nacd *d);
/* event_type "admission"; fields is stolen and may be NULL. */
void nacd_report(struct nacd *d, const char *action, json_t *fields);
/* What is known of a device on a port (or interface), for an event or a row. */
json_t *nacd_describe(struct nacd *d, const char *port, const struct nac_mac *mac);
void nacd_send_events(struct nacd *d);
void nacd_subscribe(struct nacd *d, struct sk_ipc_client *c, const char *instance, uint64_t ack);

/* ---- ops.c ---- */
int nacd_ipc_start(struct nacd *d, struct sk_err *err);

/* ---- seen.c ---- */
struct nacd_seen *nacd_seen_new(const uint8_t seed[16]);
void nacd_seen_free(struct nacd_seen *s);
struct nacd_sight {
	int64_t first, last;
	char where[NAC_NAME_MAX]; /* port or interface */
	char address[48];         /* the last one, "" */
	uint32_t day;             /* days since 1970 of … */
	uint32_t would_cut;       /* how often it would have been cut off on that day */
	uint64_t frames;
};
/* true: never seen before. */
bool nacd_seen_note(struct nacd_seen *s, const struct nac_mac *mac, const char *where, int64_t now,
	struct nacd_sight **ret);
struct nacd_sight *nacd_seen_get(struct nacd_seen *s, const struct nac_mac *mac);
void nacd_seen_each(struct nacd_seen *s,
	void (*fn)(const struct nac_mac *mac, struct nacd_sight *v, void *arg), void *arg);
json_t *nacd_seen_save(struct nacd_seen *s);
void nacd_seen_load(struct nacd_seen *s, const json_t *v);

/* ---- looks.c ---- */
struct nacd_looks *nacd_looks_new(const uint8_t seed[16]);
void nacd_looks_free(struct nacd_looks *l);
/* Add what is kept of the device to what is seen of it now; false: nothing is kept. */
bool nacd_looks_add(const struct nacd_looks *l, const struct nac_mac *mac, struct nac_print *print);
/* true: that is news, for the disk as well. When full, the one kept longest goes. */
bool nacd_looks_keep(struct nacd_looks *l, const struct nac_mac *mac, const struct nac_print *print,
	int64_t now);
bool nacd_looks_forget(struct nacd_looks *l, const struct nac_mac *mac);
json_t *nacd_looks_save(struct nacd_looks *l);
void nacd_looks_load(struct nacd_looks *l, const json_t *list);

/* ---- links.c ---- */
int nacd_links_new(struct nacd_links **ret, struct nacd *d, struct sk_err *err);
void nacd_links_free(struct nacd_links *l);
void nacd_links_refresh(struct nacd_links *l); /* ask the kernel for all of them */
/* An interface of this machine has the address. */
bool nacd_links_own(const struct nacd_links *l, const struct nac_mac *mac);

/* ---- page.c ---- */
int nacd_page_new(struct nacd_page **ret, struct nacd *d, uint16_t port, struct sk_err *err);
void nacd_page_free(struct nacd_page *p);

#endif
