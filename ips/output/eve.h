/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as EVE JSON, Suricata's field names, one object, no newline. Sekisho's own part is the
 * object "sekisho". Pure: the caller has the time and the place to put it.
 */
#ifndef IPS_OUTPUT_EVE_H
#define IPS_OUTPUT_EVE_H

#include "ips/detect/detect.h"
#include "ips/output/json.h"

struct ips_eve_config {
	uint32_t payload_max; /* bytes of payload in an alert, base64 and printable; 0: none */
	bool packet;          /* the packet itself, base64 */
	bool inline_mode;     /* actions are real: "blocked" */
	bool ts;              /* also "ts", microseconds since 1970, for the daemons */
	/* Interface names for in_iface; NULL: none. */
	const char *(*iface)(uint32_t index, void *arg);
	void *arg;
};

/* pcap: a capture file of the flow that goes with the alert, may be empty. */
void ips_eve_alert(struct sk_buf *b, const struct ips_eve_config *cfg, const struct ips_packet *p,
	const struct ips_alert *a, struct ips_view pcap);
/* a NULL: dropped without a rule. reason: "ips", "ips_stream", "ips_decode", "ips_pressure". */
void ips_eve_drop(struct sk_buf *b, const struct ips_eve_config *cfg, const struct ips_packet *p,
	const struct ips_alert *a, const char *reason);
/* A blocklist's hit, told from the client's side whichever packet made it. */
struct ips_eve_listed {
	const char *feed, *kind;
	struct ips_view entry, name; /* as listed, as seen */
	const char *decision;        /* "answered", "reject", "drop"; NULL: only reported */
};
void ips_eve_listed(struct sk_buf *b, const struct ips_eve_config *cfg, const struct ips_packet *p,
	const struct ips_eve_listed *x);
/* An address of a listed name was learned, or forgotten (action). ttl in seconds. */
struct ips_eve_learned {
	const char *action, *feed;
	struct ips_view name;
	uint32_t ttl;
	uint8_t family;
	struct ips_addr addr;
};
void ips_eve_learned(struct sk_buf *b, const struct ips_eve_config *cfg, uint64_t now_us,
	const struct ips_eve_learned *x);
void ips_eve_tx(struct sk_buf *b, const struct ips_eve_config *cfg, const struct ips_packet *p,
	struct ips_flow *f, struct ips_tx *tx);
void ips_eve_flow(struct sk_buf *b, const struct ips_eve_config *cfg, const struct ips_flow *f,
	uint64_t now_us, const char *why);
void ips_eve_anomaly(struct sk_buf *b, const struct ips_eve_config *cfg, const struct ips_packet *p,
	const char *type, const char *event);

#endif
