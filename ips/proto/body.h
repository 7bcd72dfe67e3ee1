/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A body or file that comes piece by piece: its first `limit` bytes are kept in one piece for
 * inspection, the rest is only counted. For HTTP bodies and for the files of mail, FTP and SMB.
 */
#ifndef IPS_PROTO_BODY_H
#define IPS_PROTO_BODY_H

#include "ips/proto/app.h"

struct ips_body {
	uint8_t *data; /* NULL while empty */
	uint32_t len, cap;
	uint32_t limit;
	uint64_t total; /* bytes that came; more than len: the rest was not kept */
	bool done;      /* nothing follows */
	bool gap;       /* bytes were missing on the way; what came after was not kept */
};

void ips_body_init(struct ips_body *b, uint32_t limit);
/* Append; beyond the limit, after a gap or without memory only counted. True if b->len grew. */
bool ips_body_add(struct ips_body *b, struct ips_mem *m, const void *p, size_t n);
void ips_body_gap(struct ips_body *b, uint64_t n); /* n bytes were lost */
void ips_body_end(struct ips_body *b);
void ips_body_free(struct ips_body *b, struct ips_mem *m);
/* No further byte will be kept. */
bool ips_body_final(const struct ips_body *b);
/* What ips_proto.buffer() shall answer: WAIT while empty, PART, FULL, or ABSENT if empty at the
 * end. */
enum ips_buf_state ips_body_view(const struct ips_body *b, struct ips_buf_view *ret);
/* The same; ended: the transaction was closed although the body has no end. */
enum ips_buf_state ips_body_view_of(const struct ips_body *b, bool ended, struct ips_buf_view *ret);

/* Files of one transaction, in order. */
#define IPS_FILES_MAX 64
struct ips_file {
	struct ips_file *next;
	struct ips_body body;
	uint32_t token; /* the parser's */
	uint16_t name_len;
	uint8_t name[]; /* as sent, may hold any byte */
};
#define IPS_FILE_NAME_MAX 1024 /* longer names are cut */

struct ips_files {
	struct ips_file *first, *last;
	uint32_t n;
	uint64_t refused; /* files not opened: too many or no memory */
};

/* A new file at the end; NULL if there are too many or no memory. */
struct ips_file *ips_files_open(
	struct ips_files *f, struct ips_mem *m, const void *name, size_t name_len, uint32_t limit);
struct ips_file *ips_files_at(const struct ips_files *f, unsigned index); /* NULL: none */
void ips_files_free(struct ips_files *f, struct ips_mem *m);

#endif
