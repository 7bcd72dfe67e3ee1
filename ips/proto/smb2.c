/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of SMB 2 and 3 (MS-SMB2), chained ones too. Called with a whole record. */
#include <string.h>

#include "ips/proto/smb.h"
#include "lib/util.h"

#define HEADER 64
#define CMD_SESSION_SETUP 1
#define CMD_TREE_CONNECT 3
#define CMD_CREATE 5
#define CMD_CLOSE 6
#define CMD_READ 8
#define CMD_WRITE 9
#define CMD_IOCTL 11
#define FLAG_RESPONSE 1

struct msg {
	const uint8_t *p; /* the header */
	uint32_t n;
};

/* Little-endian number at off of the message, 0 beyond its end. */
static uint64_t at(const struct msg *m, uint32_t off, unsigned bytes)
{
	uint64_t v = 0;

	if (off + bytes > m->n)
		return 0;
	for (unsigned i = bytes; i--;)
		v = v << 8 | m->p[off + i];
	return v;
}

static uint32_t tree_id(const struct msg *m)
{
	return (uint32_t)at(m, 36, 4);
}

/* A piece that an offset (from the header) and a length name; cut at the end of what is there. */
static struct smb_piece piece(const struct msg *m, uint64_t off, uint64_t len)
{
	if (off >= m->n)
		return (struct smb_piece){NULL, 0, 0};
	return (struct smb_piece){m->p + off, (uint32_t)SK_MIN(len, m->n - off), len};
}

static const uint8_t *fid_at(const struct msg *m, uint32_t off)
{
	return off + 16 <= m->n ? m->p + off : NULL;
}

static void remember(struct smb_tx *t, const uint8_t *fid)
{
	if (!fid)
		return;
	memcpy(t->fid, fid, 16);
	t->has_fid = true;
}

static void request(struct smb_state *s, const struct msg *m, uint16_t cmd, uint64_t id)
{
	struct smb_tx *t = smb_request(s, 2, cmd, id);
	const uint8_t *fid;
	struct smb_piece v;

	if (!t)
		return;
	switch (cmd) {
	case CMD_SESSION_SETUP:
		v = piece(m, at(m, HEADER + 12, 2), at(m, HEADER + 14, 2));
		smb_ntlmssp(s, t, v.p, v.n);
		break;
	case CMD_TREE_CONNECT:
		v = piece(m, at(m, HEADER + 4, 2), at(m, HEADER + 6, 2));
		smb_tree(t, v.p, v.n, true);
		break;
	case CMD_CREATE:
		v = piece(m, at(m, HEADER + 44, 2), at(m, HEADER + 46, 2));
		t->file_len = smb_text(t->file, v.p, v.n, true);
		break;
	case CMD_CLOSE: remember(t, fid_at(m, HEADER + 8)); break;
	case CMD_READ: remember(t, fid_at(m, HEADER + 16)); break;
	case CMD_WRITE:
		fid = fid_at(m, HEADER + 16);
		v = piece(m, at(m, HEADER + 2, 2), at(m, HEADER + 4, 4));
		if (fid)
			smb_bytes(s, t, fid, IPS_TOSERVER, v);
		break;
	case CMD_IOCTL:
		fid = fid_at(m, HEADER + 8);
		remember(t, fid);
		v = piece(m, at(m, HEADER + 24, 4), at(m, HEADER + 28, 4));
		if (fid && at(m, HEADER + 4, 4) == 0x0011c017)
			smb_bytes(s, t, fid, IPS_TOSERVER, v);
		else
			t->has_fid = false;
		break;
	default: break;
	}
}

static void response(struct smb_state *s, const struct msg *m, uint16_t cmd, uint64_t id)
{
	struct smb_tx *t = smb_response(s, 2, cmd, id);
	const uint8_t *fid;
	struct smb_piece v;

	if (!t)
		return;
	t->status = (uint32_t)at(m, 8, 4);
	switch (cmd) {
	case CMD_TREE_CONNECT:
		if (t->status)
			break;
		if (m->n > HEADER + 2 && t->tx.flags & IPS_TX_SKIP_TOSERVER)
			t->tree_is_pipe = at(m, HEADER + 2, 1) == 2;
		smb_tree_connected(s, t, tree_id(m));
		break;
	case CMD_CREATE:
		fid = fid_at(m, HEADER + 64);
		if (t->status || !fid)
			break;
		smb_opened(s, t, fid, tree_id(m));
		break;
	case CMD_CLOSE:
		if (t->has_fid)
			smb_close(s, t->fid);
		break;
	case CMD_READ:
		v = piece(m, at(m, HEADER + 2, 1), at(m, HEADER + 4, 4));
		if (t->has_fid && (t->status == 0 || t->status == 0x80000005))
			smb_bytes(s, t, t->fid, IPS_TOCLIENT, v);
		break;
	case CMD_IOCTL:
		v = piece(m, at(m, HEADER + 32, 4), at(m, HEADER + 36, 4));
		if (t->has_fid && (t->status == 0 || t->status == 0x80000005))
			smb_bytes(s, t, t->fid, IPS_TOCLIENT, v);
		break;
	default: break;
	}
}

void smb2_message(struct smb_state *s, enum ips_dir dir, const uint8_t *p, uint32_t n)
{
	for (;;) {
		struct msg m = {p, n};
		uint32_t next = (uint32_t)at(&m, 20, 4);
		uint16_t cmd = (uint16_t)at(&m, 12, 2);
		bool answer = at(&m, 16, 4) & FLAG_RESPONSE;
		uint64_t id = at(&m, 24, 8);

		if (next && next < n)
			m.n = next;
		/* 0x103: the answer proper comes later under the same id. */
		if (answer && dir == IPS_TOCLIENT && at(&m, 8, 4) != 0x103)
			response(s, &m, cmd, id);
		else if (!answer && dir == IPS_TOSERVER)
			request(s, &m, cmd, id);
		if (next < HEADER || next >= n || n - next < HEADER ||
			memcmp(p + next, "\xfeSMB", 4) != 0)
			return;
		p += next;
		n -= next;
	}
}
