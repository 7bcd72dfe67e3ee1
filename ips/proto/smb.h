/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMB 1 to 3 (MS-CIFS, MS-SMB, MS-SMB2) as far as rules ask: shares, pipes, names, who logs on,
 * files written and read, DCE/RPC on pipes. Shared by the framing and the two dialects.
 */
#ifndef IPS_PROTO_SMB_H
#define IPS_PROTO_SMB_H

#include "ips/proto/dcerpc.h"
#include "ips/proto/recognise.h"
#include "lib/cursor.h"

#define SMB_TEXT 256
#define SMB_OPEN_MAX 32
#define SMB_TREE_MAX 32

enum smb_event {
	SMB_EV_INTERNAL_ERROR,
	SMB_EV_MALFORMED_DATA,
	SMB_EV_RECORD_OVERFLOW,
	SMB_EV_MALFORMED_NTLMSSP_REQUEST,
	SMB_EV_DUPLICATE_NEGOTIATE,
	SMB_EV_FILE_OVERLAP,
	SMB_EV_NEGOTIATE_MALFORMED_DIALECTS,
};

struct smb_tx {
	struct ips_tx tx;
	uint64_t id;  /* message id */
	bool is_file; /* of a file's bytes, not of a message */
	uint16_t command;
	uint8_t version;
	uint32_t status;
	char share[SMB_TEXT], pipe[SMB_TEXT], file[SMB_TEXT], user[SMB_TEXT], domain[SMB_TEXT];
	uint16_t share_len, pipe_len, file_len, user_len, domain_len;
	bool tree_is_pipe;
	uint8_t fid[16]; /* the request's, for its answer */
	bool has_fid;
	struct dce_call call;
	struct ips_body body[2];
};

/* A share that is connected. */
struct smb_tree {
	uint32_t id;
	bool used, is_pipe;
};

/* Bytes of a file or pipe; whole: how many the message said, if more than came into p. */
struct smb_piece {
	const uint8_t *p;
	uint32_t n;
	uint64_t whole;
};

/* A file or pipe that is open. */
struct smb_open {
	uint8_t fid[16];
	bool used, is_pipe;
	char name[SMB_TEXT];
	uint16_t name_len;
	struct smb_tx *tx[2]; /* of the file's bytes in each direction */
	struct smb_tx *call;  /* whose RPC request goes on in the next write */
	struct dce_assoc assoc;
};

struct smb_state {
	uint8_t *record[2];
	uint32_t len[2], cap[2];
	uint32_t skip[2]; /* rest of a record that is not kept */
	bool lost[2];     /* for good: not SMB any more */
	bool gap[2];      /* until a record's beginning is seen */
	struct smb_tree tree[SMB_TREE_MAX];
	uint32_t next_tree;
	struct smb_open open[SMB_OPEN_MAX];
	uint32_t next_open;
	/* during data() */
	struct ips_app *app;
	struct ips_app_ctx *ctx;
	struct smb_tx *cur;
	struct smb_open *pipe;
};

struct smb_tx *smb_request(struct smb_state *s, uint8_t version, uint16_t command, uint64_t id);
/* The request's transaction, answered now; one of its own if the request was not seen. */
struct smb_tx *smb_response(struct smb_state *s, uint8_t version, uint16_t command, uint64_t id);
struct smb_open *smb_open_find(struct smb_state *s, const uint8_t fid[16]);
/* The one of that id, or a new one. */
struct smb_open *smb_open_new(struct smb_state *s, const uint8_t fid[16]);
/* What t created, its name and the tree it is in, is open as fid. */
void smb_opened(struct smb_state *s, const struct smb_tx *t, const uint8_t fid[16], uint32_t tree);
void smb_close(struct smb_state *s, const uint8_t fid[16]);
/* Bytes written to or read from fid, by the transaction t: to the pipe's RPC or the file's body. */
void smb_bytes(struct smb_state *s, struct smb_tx *t, const uint8_t fid[16], enum ips_dir dir,
	struct smb_piece b);
/* UTF-16LE (or bytes) to text; what is not Latin becomes '?'. Returns the length. */
uint16_t smb_text(char dst[SMB_TEXT], const uint8_t *p, uint32_t n, bool unicode);
/* A share's path that t connects to, and the id it got. */
void smb_tree(struct smb_tx *t, const uint8_t *p, uint32_t n, bool unicode);
void smb_tree_connected(struct smb_state *s, const struct smb_tx *t, uint32_t id);
/* NTLMSSP's third message anywhere in a security blob: user and domain. */
void smb_ntlmssp(struct smb_state *s, struct smb_tx *t, const uint8_t *p, uint32_t n);

/* One message of a dialect; p is at its header. */
void smb1_message(struct smb_state *s, enum ips_dir dir, const uint8_t *p, uint32_t n);
void smb2_message(struct smb_state *s, enum ips_dir dir, const uint8_t *p, uint32_t n);

#endif
