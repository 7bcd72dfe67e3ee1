/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of SMB 1 (MS-CIFS, MS-SMB). Called with a whole record. */
#include <string.h>

#include "ips/proto/smb.h"
#include "lib/util.h"

#define HEADER 32
#define CHAIN_MAX 16 /* commands of one message */
#define CMD_CLOSE 0x04
#define CMD_TRANS 0x25
#define CMD_READ_ANDX 0x2e
#define CMD_WRITE_ANDX 0x2f
#define CMD_SESSION_SETUP 0x73
#define CMD_TREE_CONNECT 0x75
#define CMD_NT_CREATE 0xa2
#define FLAG_REPLY 0x80
#define FLAGS2_UNICODE 0x8000

struct msg {
	const uint8_t *p; /* the header */
	uint32_t n;
	const uint8_t *words; /* after the count */
	uint32_t words_n;     /* bytes */
	uint32_t data;        /* offset of the bytes after their count */
	bool unicode;
};

static uint32_t le(const uint8_t *p, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = bytes; i--;)
		v = v << 8 | p[i];
	return v;
}

/* Little-endian number at off of the parameter words, 0 beyond their end. */
static uint32_t word(const struct msg *m, uint32_t off, unsigned bytes)
{
	return off + bytes <= m->words_n ? le(m->words + off, bytes) : 0;
}

static struct smb_piece piece(const struct msg *m, uint32_t off, uint32_t len)
{
	if (off >= m->n)
		return (struct smb_piece){NULL, 0, 0};
	return (struct smb_piece){m->p + off, SK_MIN(len, m->n - off), len};
}

static void make_fid(uint8_t fid[16], uint32_t value)
{
	memset(fid, 0, 16);
	fid[0] = (uint8_t)value;
	fid[1] = (uint8_t)(value >> 8);
	fid[2] = 1; /* apart from those of SMB 2 */
}

static void remember(struct smb_tx *t, uint32_t fid)
{
	make_fid(t->fid, fid);
	t->has_fid = true;
}

/* The text at off; Unicode is aligned to two bytes from the header. */
static struct smb_piece text_at(const struct msg *m, uint32_t off)
{
	if (m->unicode)
		off += off & 1;
	return piece(m, off, UINT32_MAX);
}

static void tree(struct smb_tx *t, const struct msg *m)
{
	uint32_t password = word(m, 6, 2);
	struct smb_piece v = text_at(m, m->data + password);

	smb_tree(t, v.p, v.n, m->unicode);
}

static void create(struct smb_tx *t, const struct msg *m)
{
	struct smb_piece v = text_at(m, m->data);

	v.n = SK_MIN(v.n, word(m, 5, 2) + (m->unicode ? 2 : 0));
	t->file_len = smb_text(t->file, v.p, v.n, m->unicode);
}

static void request(struct smb_state *s, const struct msg *m, uint8_t cmd, uint32_t id)
{
	struct smb_tx *t = smb_request(s, 1, cmd, id);
	struct smb_piece v;

	if (!t)
		return;
	switch (cmd) {
	case CMD_SESSION_SETUP:
		v = piece(m, m->data, UINT32_MAX);
		smb_ntlmssp(s, t, v.p, v.n);
		break;
	case CMD_TREE_CONNECT: tree(t, m); break;
	case CMD_NT_CREATE: create(t, m); break;
	case CMD_CLOSE: remember(t, word(m, 0, 2)); break;
	case CMD_READ_ANDX: remember(t, word(m, 4, 2)); break;
	case CMD_WRITE_ANDX:
		remember(t, word(m, 4, 2));
		v = piece(m, word(m, 22, 2), word(m, 20, 2) | word(m, 18, 2) << 16);
		smb_bytes(s, t, t->fid, IPS_TOSERVER, v);
		break;
	case CMD_TRANS:
		/* Setup words: function (0x26 TransactNmPipe), file id. */
		if (word(m, 26, 1) < 2 || word(m, 28, 2) != 0x26)
			break;
		remember(t, word(m, 30, 2));
		v = piece(m, word(m, 24, 2), word(m, 22, 2));
		smb_open_new(s, t->fid)->is_pipe = true;
		smb_bytes(s, t, t->fid, IPS_TOSERVER, v);
		break;
	default: break;
	}
}

static void response(struct smb_state *s, const struct msg *m, uint8_t cmd, uint32_t id)
{
	struct smb_tx *t = smb_response(s, 1, cmd, id);
	uint8_t fid[16];
	struct smb_piece v;

	if (!t)
		return;
	t->status = le(m->p + 5, 4);
	switch (cmd) {
	case CMD_TREE_CONNECT:
		if (!t->status)
			smb_tree_connected(s, t, le(m->p + 24, 2));
		break;
	case CMD_NT_CREATE:
		if (t->status || m->words_n < 8)
			break;
		make_fid(fid, word(m, 5, 2));
		smb_opened(s, t, fid, le(m->p + 24, 2));
		break;
	case CMD_CLOSE:
		if (t->has_fid)
			smb_close(s, t->fid);
		break;
	case CMD_READ_ANDX:
		v = piece(m, word(m, 12, 2), word(m, 10, 2) | word(m, 14, 2) << 16);
		if (t->has_fid)
			smb_bytes(s, t, t->fid, IPS_TOCLIENT, v);
		break;
	case CMD_TRANS:
		v = piece(m, word(m, 14, 2), word(m, 12, 2));
		if (t->has_fid)
			smb_bytes(s, t, t->fid, IPS_TOCLIENT, v);
		break;
	default: break;
	}
}

/* Commands whose words begin with the next command and its place. */
static bool chains(uint8_t cmd)
{
	switch (cmd) {
	case 0x24: /* locking */
	case 0x2d: /* open */
	case CMD_READ_ANDX:
	case CMD_WRITE_ANDX:
	case CMD_SESSION_SETUP:
	case 0x74: /* log-off */
	case CMD_TREE_CONNECT:
	case CMD_NT_CREATE: return true;
	default: return false;
	}
}

/* Parameter words and bytes at off; false if they do not fit. */
static bool place(struct msg *m, uint32_t off)
{
	if (off >= m->n || m->n - off < 1u + m->p[off] * 2u + 2u)
		return false;
	m->words = m->p + off + 1;
	m->words_n = m->p[off] * 2u;
	m->data = off + 1 + m->words_n + 2;
	return true;
}

void smb1_message(struct smb_state *s, enum ips_dir dir, const uint8_t *p, uint32_t n)
{
	struct msg m = {.p = p, .n = n, .unicode = le(p + 10, 2) & FLAGS2_UNICODE};
	uint8_t cmd = p[4];
	bool answer = p[9] & FLAG_REPLY;
	uint32_t id = le(p + 30, 2) | le(p + 26, 2) << 16, off = HEADER;

	if (answer != (dir == IPS_TOCLIENT))
		return;
	for (unsigned i = 0; i < CHAIN_MAX; i++) {
		uint32_t next;

		if (!place(&m, off)) {
			ips_tx_event(s->app, NULL, SMB_EV_MALFORMED_DATA);
			return;
		}
		if (answer)
			response(s, &m, cmd, id);
		else
			request(s, &m, cmd, id);
		next = word(&m, 2, 2);
		if (!chains(cmd) || m.words_n < 4 || m.words[0] == 0xff || next <= off)
			return;
		cmd = m.words[0];
		off = next;
	}
}
