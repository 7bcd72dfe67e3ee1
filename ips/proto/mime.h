/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mail messages (RFC 5322, 2045–2047, 2183) line by line: header fields that events show, and
 * attachments decoded into files. Nesting is bounded; nothing is kept but what is listed here.
 */
#ifndef IPS_PROTO_MIME_H
#define IPS_PROTO_MIME_H

#include "ips/proto/body.h"

#define MIME_DEPTH 8
#define MIME_BOUNDARY 72
#define MIME_HEADER 2048 /* one unfolded header line */
#define MIME_FIELD 512
#define MIME_PART 1024 /* of a line that comes in pieces */

enum mime_flag {
	MIME_LONG_HEADER = 1,
	MIME_LONG_BOUNDARY = 2,
	MIME_INVALID_BASE64 = 4,
	MIME_INVALID_QP = 8,
	MIME_TOO_DEEP = 16,
};

struct mime {
	char header[MIME_HEADER]; /* being unfolded */
	uint32_t header_len;
	char boundary[MIME_DEPTH][MIME_BOUNDARY];
	uint32_t depth;
	bool in_body;
	/* of the current part */
	char name[256];
	uint32_t name_len;
	enum { MIME_PLAIN, MIME_BASE64, MIME_QP } encoding;
	char next_boundary[MIME_BOUNDARY];
	bool message; /* message/rfc822: headers once more */
	struct ips_file *file;
	uint8_t quad[4]; /* base64 digits not yet decoded */
	uint32_t quad_n;
	bool after_line; /* a line end is due before the next plain line */
	/* the line */
	uint8_t part[MIME_PART];
	uint32_t part_len;
	bool middle, open; /* this piece does not begin, does not end a line */
	struct ips_files *files;
	uint32_t limit; /* of each file */
	/* for events */
	char from[MIME_FIELD], to[MIME_FIELD], subject[MIME_FIELD];
	uint32_t flags;
};

/* A zeroed m; attachments go to files, which must live as long. */
void mime_begin(struct mime *m, struct ips_files *files, uint32_t limit);
/* A line without its end, or a piece of one (not ended). True if file bytes were added. */
bool mime_piece(struct mime *m, struct ips_mem *mem, const uint8_t *line, uint32_t len, bool ended);
/* Bytes with whatever line ends they have, as they come. */
bool mime_bytes(struct mime *m, struct ips_mem *mem, const uint8_t *p, uint32_t n);
void mime_gap(struct mime *m, uint32_t n); /* n bytes were lost */
void mime_end(struct mime *m, struct ips_mem *mem);

#endif
