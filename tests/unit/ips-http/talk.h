/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A conversation with a parser under test: bytes of both sides in, buffers and events out. Every
 * byte of memory that the parser takes must be given back at its end.
 */
#ifndef TALK_H
#define TALK_H

#include "tests/unit/lib/unit.h"

#include "ips/flow/flow.h"
#include "ips/proto/protos.h"

struct talk {
	struct ips_flow flow;
	struct ips_app_config cfg;
	struct ips_mem mem;
	struct ips_app_ctx ctx;
	const struct ips_proto *proto;
	unsigned triggered[2];
	size_t cut; /* not 0: bytes are handed over in pieces of that size */
};

void talk_begin(struct talk *t, const struct ips_proto *proto);
void talk_end(struct talk *t); /* checks that all memory came back */
void talk_bytes(struct talk *t, enum ips_dir dir, const void *p, size_t n);
void talk_eof(struct talk *t, enum ips_dir dir);
void talk_client(struct talk *t, const char *s);
void talk_server(struct talk *t, const char *s);
/* What the engine does once all is inspected and logged. */
void talk_reap(struct talk *t);

struct ips_tx *talk_tx(struct talk *t, unsigned n); /* n-th still there */
enum ips_buf_state talk_get(struct talk *t, unsigned tx, enum ips_buf buf, enum ips_dir dir,
	unsigned index, struct ips_buf_view *ret);
/* The buffer is final and equals text. */
void talk_is(struct talk *t, unsigned tx, enum ips_buf buf, enum ips_dir dir, const char *text);
void talk_is_at(struct talk *t, unsigned tx, enum ips_buf buf, enum ips_dir dir, unsigned index,
	const char *text);
void talk_absent(struct talk *t, unsigned tx, enum ips_buf buf, enum ips_dir dir);
void talk_waits(struct talk *t, unsigned tx, enum ips_buf buf, enum ips_dir dir);
bool talk_event(struct talk *t, unsigned tx, const char *name);
uint64_t talk_events(struct talk *t, unsigned tx); /* how many */

#define C2S IPS_TOSERVER
#define S2C IPS_TOCLIENT

#endif
