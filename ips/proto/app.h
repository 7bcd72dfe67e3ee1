/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every application protocol is to the rest of the engine: a parser fed with in-order bytes,
 * making transactions; each transaction shows named buffers to detection and writes itself as EVE.
 * A new protocol is one file with a struct ips_proto, listed in protos.c.
 */
#ifndef IPS_PROTO_APP_H
#define IPS_PROTO_APP_H

#include "ips/output/json.h"
#include "ips/packet/packet.h"
#include "ips/proto/app_config.h"
#include "ips/proto/buffer.h"
#include "ips/proto/mem.h"

struct ips_flow;
struct ips_app;

#define IPS_APP_EVENTS 128 /* most events one protocol may define */
enum ips_tx_flag {
	IPS_TX_LOGGED = 1 << 0,
	IPS_TX_DONE_TOSERVER = 1 << 1, /* detection has seen it complete in that direction */
	IPS_TX_DONE_TOCLIENT = 1 << 2,
	IPS_TX_SKIP_TOSERVER = 1 << 3, /* nothing to detect in that direction (a one-way message) */
	IPS_TX_SKIP_TOCLIENT = 1 << 4,
	IPS_TX_PASS = 1 << 5,        /* a pass rule matched it */
	IPS_TX_LISTED = 1 << 6,      /* held against the blocklists: what the client said */
	IPS_TX_LISTED_MORE = 1 << 7, /* HTTP: the request line; TLS: the certificate */
};

/* First member of each protocol's own transaction. */
struct ips_tx {
	struct ips_tx *next;
	uint64_t id; /* from 0 in each flow */
	/* Complete: nothing of that direction will change any more. Index enum ips_dir. */
	bool complete[2];
	/* Bytes or fields were added since detection last looked; detection clears it. */
	bool changed[2];
	/* The direction has anything to show; a tx made by a request starts toclient later. */
	bool started[2];
	uint32_t flags;
	uint64_t events[IPS_APP_EVENTS / 64]; /* bit set over the protocol's event names */
	struct ips_det_tx *det[2];            /* ips/detect */
};

enum ips_app_flag {
	IPS_APP_FAILED = 1 << 0, /* the parser gave up; no more data wanted */
	IPS_APP_OPAQUE = 1 << 1, /* nothing more to see (encrypted): the flow may be bypassed */
	IPS_APP_DETECT_DONE_TOSERVER = 1 << 2, /* recognition ended for that direction */
	IPS_APP_DETECT_DONE_TOCLIENT = 1 << 3,
	IPS_APP_NO_RAW = 1 << 4,  /* encrypted payload: no raw inspection any more */
	IPS_APP_CHANGED = 1 << 5, /* protocol just changed (STARTTLS, CONNECT, h2c) */
};

struct ips_app {                       /* embedded in each flow */
	const struct ips_proto *proto; /* NULL: not (yet) known */
	enum ips_proto_id id;          /* of proto; also for protocols known by name only */
	enum ips_proto_id dir_id[2];   /* recognised in each direction; they may differ (event) */
	enum ips_proto_id expected;    /* FTP-data, CONNECT…: what another flow announced */
	uint32_t expected_token;       /* with it: the announcing parser's */
	void *state;
	struct ips_tx *first, *last;
	uint64_t tx_made;
	uint32_t tx_now; /* at most IPS_APP_TX_MAX; beyond, the oldest is closed with an event */
	uint32_t flags;
	uint64_t events[IPS_APP_EVENTS / 64]; /* of the parser, outside any transaction */
	uint64_t fed[2];                      /* bytes given to the parser */
	struct ips_app_held *held;            /* recognition's own, NULL once done */
	/* Set with IPS_APP_CHANGED: last bytes of this data() call that belong to the next
	 * protocol. */
	uint32_t left;
};
#define IPS_APP_TX_MAX 256
struct ips_app_expect {
	struct ips_addr addr; /* of the listener */
	uint8_t family;
	uint16_t port;
	enum ips_proto_id id;
	uint64_t parent; /* flow id */
	uint32_t token;  /* for the parser: which command opened it */
};

/* What a parser may use; one a worker. */
struct ips_app_ctx {
	struct ips_mem *mem;
	const struct ips_app_config *cfg;
	uint64_t now_us;
	struct ips_flow *flow;
	/* Announce that a connection to or from addr:port will speak id (FTP PORT/PASV, RTSP…). */
	void (*expect)(const struct ips_app_expect *e, void *arg);
	/* Raw inspection now: a request or answer of dir is complete. */
	void (*trigger)(struct ips_flow *f, enum ips_dir dir, void *arg);
	/* Before a transaction is freed: detection's part of it. */
	void (*tx_gone)(struct ips_tx *tx, void *arg);
	void *arg;
	/* What all flows of a protocol share, made by the first open(), freed by ips_app_ctx_done.
	 */
	void *shared[IPS_P_COUNT];
};
/* After the worker's last flow is gone. */
void ips_app_ctx_done(struct ips_app_ctx *c);

enum ips_buf_state {
	IPS_BUF_WAIT,   /* not there yet, may come */
	IPS_BUF_ABSENT, /* will never be there (or no further instance) */
	IPS_BUF_PART,   /* view is valid and may grow (bodies): beginning stays in place */
	IPS_BUF_FULL,   /* view is final */
};

struct ips_buf_view {
	const uint8_t *data; /* valid until the parser gets more data; never NULL if len > 0 */
	uint32_t len;
	uint64_t offset; /* of data in a long body, 0 unless the beginning was let go */
	bool cut;        /* a limit stopped the body: more existed */
};

struct ips_proto {
	enum ips_proto_id id;
	bool (*open)(struct ips_app *a, struct ips_app_ctx *c); /* makes a->state */
	void (*close)(struct ips_app *a, struct ips_mem *m);    /* frees state and every tx */
	/*
	 * Bytes of one direction in order (a whole datagram for UDP). data NULL with len > 0 is a
	 * gap. eof: nothing follows. All bytes are taken; what is incomplete the parser keeps
	 * itself within its limits. Sets IPS_APP_FAILED when it cannot go on.
	 */
	void (*data)(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
		const uint8_t *data, uint32_t len, bool eof);
	void (*tx_free)(struct ips_app *a, struct ips_tx *tx, struct ips_mem *m);
	/* Instance `index` (from 0) of a buffer; single buffers have index 0 only. */
	enum ips_buf_state (*buffer)(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
		enum ips_dir dir, unsigned index, struct ips_buf_view *ret);
	/* A number rules ask for (enum ips_num). False: not there (yet). */
	bool (*number)(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
		unsigned index, uint64_t *ret);
	/* The EVE object of the transaction, e.g. "http": {…}; opened and closed by the caller. */
	void (*log)(struct ips_app *a, struct ips_tx *tx, struct ips_json *j);
	bool log_when_complete; /* else as soon as log_ready says so */
	bool (*log_ready)(struct ips_app *a, struct ips_tx *tx);
	const char *const *events;         /* names after "http.", NULL-terminated */
	void (*shared_free)(void *shared); /* of ips_app_ctx.shared; may be NULL */
};

/* For parsers. tx (from ips_mem_alloc) joins the flow; id is given. */
void ips_app_tx_add(struct ips_app *a, struct ips_tx *tx);
void ips_tx_event(struct ips_app *a, struct ips_tx *tx /* NULL: the flow's */, unsigned event);
/* For the engine: drop transactions that are complete, inspected and logged; end the protocol. */
void ips_app_reap(struct ips_app *a, struct ips_app_ctx *c);
void ips_app_done(struct ips_app *a, struct ips_app_ctx *c);

#endif
