/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One worker of the inspection engine: decoder, flows, streams, parsers, detection and events
 * behind one call a packet. The same for captures and for the queue. Pure: bytes and times in,
 * verdict and event text out.
 */
#ifndef IPS_ENGINE_H
#define IPS_ENGINE_H

#include "ips/detect/detect.h"
#include "ips/lists/learned.h"
#include "ips/output/eve.h"
#include "ips/packet/decode.h"
#include "ips/stream/stream.h"

/* Low byte of the packet's and connection's mark; the firewall acts on it (docs/kernel.md). */
#define IPS_MARK_BYPASS 0x01
#define IPS_MARK_DROP 0x02
#define IPS_MARK_REJECT 0x04

enum ips_event_kind { /* switchable, bit set */
	IPS_LOG_ALERT = 1 << 0,
	IPS_LOG_DROP = 1 << 1,
	IPS_LOG_FLOW = 1 << 2,
	IPS_LOG_ANOMALY = 1 << 3,
	IPS_LOG_TX = 1 << 4,     /* which protocols: tx_protos */
	IPS_LOG_LISTED = 1 << 5, /* on a blocklist that only reports; with IPS_LOG_DROP */
	IPS_LOG_NOTICE = 1 << 6, /* of the engine itself: an address was learned; always */
};

struct ips_engine_config {
	bool inline_mode;
	struct ips_decoder_config decoder;
	struct ips_flow_config flow;
	struct ips_stream_config stream;
	struct ips_app_config app;
	struct ips_detect_config detect;
	struct ips_eve_config eve;
	uint64_t app_memory;
	uint32_t log; /* enum ips_event_kind */
	uint64_t log_tx_protos;
	bool bypass;             /* tell the kernel when a flow needs no more inspection */
	uint32_t bypass_packets; /* at the earliest after that many packets of a flow */
	bool drop_invalid;       /* inline: drop what the TCP tracker or decoder refuses */
	bool pressure_drop;  /* inline: without memory for a flow drop (else pass uninspected) */
	uint32_t ring_bytes; /* recent packets kept for captures with alerts; 0: none */
};
void ips_engine_config_default(struct ips_engine_config *cfg, bool inline_mode);
/* "engine", "vars"-independent part of the JSON configuration; errors name the field. */
int ips_engine_config_parse(
	struct ips_engine_config *cfg, const char *json, size_t n, struct sk_err *err);

struct ips_verdict {
	bool drop;       /* this packet */
	bool reject;     /* tell the sender */
	bool reject_dst; /* and the receiver */
	uint8_t mark;    /* IPS_MARK_* to remember with the connection */
};

struct ips_worker;
/* What makes two alerts or drops repeats of each other; zero-filled where nothing repeats. */
struct ips_event_key {
	uint32_t kind, sid, gid, decision;
	uint16_t port; /* the server's */
	uint8_t family, proto;
	struct ips_addr src, dst;
};
/* A datagram in place of the one that was asked for: from a server that never saw the query. */
struct ips_answer {
	uint8_t family;
	struct ips_addr src, dst;
	uint16_t sport, dport;
	struct ips_view data;
	uint32_t dev; /* out of this interface, to this neighbour; 0: to this machine itself */
	uint8_t mac[6];
};
/* event(): one EVE object, valid during the call. Called from ips_worker_packet(). */
struct ips_worker_ops {
	void (*event)(enum ips_event_kind kind, const struct ips_event_key *key, const char *json,
		size_t len, void *arg);
	/* TCP reset to the receiver of dir for a rejected flow; may be NULL. */
	void (*reset)(
		const struct ips_flow *f, enum ips_dir dir, uint32_t seq, uint32_t ack, void *arg);
	/* False: not sent. May be NULL. */
	bool (*answer)(const struct ips_answer *a, void *arg);
};
int ips_worker_new(struct ips_worker **ret, const struct ips_engine_config *cfg,
	struct ips_state *state, const uint8_t seed[16], const struct ips_worker_ops *ops,
	void *arg, struct sk_err *err);
void ips_worker_free(struct ips_worker *w);
int ips_worker_rules(struct ips_worker *w, struct ips_ruleset *rs, struct sk_err *err);

/* Blocklists from the next packet on (a reference is kept; NULL: none); learned is shared, may be
 * NULL.
 */
void ips_worker_lists(struct ips_worker *w, struct ips_lists *l, struct ips_learned *learned);

struct ips_meta {
	uint64_t ts_us;
	uint32_t in_dev, out_dev;
	const uint8_t *hw_src; /* 6 bytes or NULL */
};
void ips_worker_packet(struct ips_worker *w, enum ips_link link, struct ips_view frame,
	const struct ips_meta *meta, struct ips_verdict *ret);
/* Timeouts; call some times a second. */
void ips_worker_tick(struct ips_worker *w, uint64_t now_us);
/* End of a capture: all flows end, what waited is inspected. */
void ips_worker_finish(struct ips_worker *w);

struct ips_worker_stats {
	uint64_t packets, bytes, dropped, rejected, bypassed, events, pressure;
	uint64_t own; /* packets to or from the gateway itself: names asked of it and by it */
	uint64_t listed, answered, learned, shared; /* blocklists: hits and what became of them */
	const struct ips_decoder_stats *decoder;
	const struct ips_flow_stats *flow;
	const struct ips_stream_stats *stream;
	const struct ips_detect_stats *detect;
	const struct ips_inspect_stats *inspect;
	const struct ips_mem *app;
};
void ips_worker_stats(const struct ips_worker *w, struct ips_worker_stats *ret);

#endif
