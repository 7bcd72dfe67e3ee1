/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SSH up to the key exchange (RFC 4253): banners, and the algorithm lists that make HASSH. One
 * transaction a connection; after both sides' NEWKEYS the rest is opaque.
 */
#include <netinet/in.h>
#include <string.h>

#include "ips/proto/ja.h"
#include "ips/proto/protos.h"
#include "lib/cursor.h"
#include "lib/util.h"

#define BANNER_MAX 256
#define PRE_BANNER_MAX 4096 /* lines a server may send before its banner */
#define PACKET_MAX 35000
#define MSG_KEXINIT 20
#define MSG_NEWKEYS 21
#define NAME_LISTS 10

enum ssh_event {
	SSH_EV_INVALID_BANNER,
	SSH_EV_LONG_BANNER,
	SSH_EV_INVALID_RECORD,
	SSH_EV_LONG_KEX_RECORD
};
static const char *const events[] = {
	"invalid_banner", "long_banner", "invalid_record", "long_kex_record", NULL};

struct ssh_side {
	char banner[BANNER_MAX];
	uint32_t banner_len, skipped;
	bool banner_done, banner_ok, over;
	uint32_t proto_len, software_at, software_len; /* in banner */
	uint8_t *packet;                               /* the current one, from its length field */
	uint32_t packet_len, packet_cap;
	uint32_t skip; /* rest of a packet that is not kept */
	char *hassh_text;
	uint32_t hassh_len;
	char hassh[33];
};

struct ssh_tx {
	struct ips_tx tx;
	struct ssh_side side[2];
};

static bool ssh_open(struct ips_app *a, struct ips_app_ctx *c)
{
	struct ssh_tx *t = ips_mem_alloc(c->mem, sizeof(*t));

	if (!t)
		return false;
	a->state = t;
	ips_app_tx_add(a, &t->tx);
	t->tx.started[0] = t->tx.started[1] = true;
	return true;
}

static void ssh_tx_free(struct ips_app *a, struct ips_tx *tx, struct ips_mem *m)
{
	struct ssh_tx *t = (struct ssh_tx *)tx;

	for (int d = 0; d < 2; d++) {
		ips_mem_free(m, t->side[d].packet, t->side[d].packet_cap);
		ips_mem_free(m, t->side[d].hassh_text, t->side[d].hassh_len + 1u);
	}
	if (a->state == t)
		a->state = NULL;
	ips_mem_free(m, t, sizeof(*t));
}

static void ssh_close(struct ips_app *a, struct ips_mem *m)
{
	if (a->first)
		ssh_tx_free(a, a->first, m);
}

/* "SSH-2.0-software comments" */
static void read_banner(struct ips_app *a, struct ssh_tx *t, struct ssh_side *s)
{
	const char *dash;
	uint32_t end;

	if (s->banner_len < 6 || memcmp(s->banner, "SSH-", 4) != 0 ||
		!(dash = memchr(s->banner + 4, '-', s->banner_len - 4))) {
		ips_tx_event(a, &t->tx, SSH_EV_INVALID_BANNER);
		return;
	}
	s->proto_len = (uint32_t)(dash - s->banner) - 4;
	s->software_at = s->proto_len + 5;
	for (end = s->software_at; end < s->banner_len; end++)
		if (s->banner[end] == ' ' || s->banner[end] == '\r')
			break;
	s->software_len = end - s->software_at;
	s->banner_ok = true;
}

/* Bytes of the banner's line; returns how many were taken. */
static uint32_t banner(
	struct ips_app *a, struct ssh_tx *t, enum ips_dir dir, const uint8_t *p, uint32_t len)
{
	struct ssh_side *s = &t->side[dir];
	const uint8_t *lf = memchr(p, '\n', len);
	uint32_t n = lf ? (uint32_t)(lf - p) + 1 : len;
	uint32_t fits = SK_MIN(n, BANNER_MAX - s->banner_len);

	memcpy(s->banner + s->banner_len, p, fits);
	s->banner_len += fits;
	if (fits < n && !s->banner_done)
		ips_tx_event(a, &t->tx, SSH_EV_LONG_BANNER);
	if (!lf)
		return n;
	if (s->banner_len >= 4 && memcmp(s->banner, "SSH-", 4) != 0 &&
		s->skipped + n < PRE_BANNER_MAX) {
		s->skipped += n;
		s->banner_len = 0;
		return n;
	}
	while (s->banner_len &&
		(s->banner[s->banner_len - 1] == '\n' || s->banner[s->banner_len - 1] == '\r'))
		s->banner_len--;
	s->banner_done = true;
	t->tx.changed[dir] = true;
	read_banner(a, t, s);
	return n;
}

/* kex; encryption; mac; compression of the sender's direction (HASSH). */
static void kexinit(struct ips_mem *m, struct ssh_side *s, enum ips_dir dir, struct sk_cursor c)
{
	static const uint8_t pick[2][4] = {{0, 2, 4, 6}, {0, 3, 5, 7}};
	struct ips_view list[NAME_LISTS];
	struct sk_buf b;

	sk_cur_skip(&c, 16);
	for (unsigned i = 0; i < NAME_LISTS; i++) {
		list[i].len = sk_cur_be32(&c);
		list[i].data = sk_cur_take(&c, list[i].len);
	}
	if (!sk_cur_ok(&c) || s->hassh_text)
		return;
	sk_buf_init(&b, PACKET_MAX);
	for (unsigned i = 0; i < 4; i++) {
		const struct ips_view *v = &list[pick[dir][i]];

		if (i)
			sk_buf_putc(&b, ';');
		sk_buf_put(&b, v->data, v->len);
	}
	s->hassh_text = sk_buf_error(&b) ? NULL : ips_mem_alloc(m, b.len + 1);
	if (s->hassh_text) {
		memcpy(s->hassh_text, b.data, b.len);
		s->hassh_len = (uint32_t)b.len;
		ips_md5_hex(b.data, b.len, s->hassh);
	}
	sk_buf_done(&b);
}

static void one_packet(struct ips_app *a, struct ips_app_ctx *c, struct ssh_tx *t, enum ips_dir dir)
{
	struct ssh_side *s = &t->side[dir];
	struct sk_cursor cur;
	uint8_t pad, type;

	sk_cur_init(&cur, s->packet, s->packet_len);
	sk_cur_skip(&cur, 4);
	pad = sk_cur_u8(&cur);
	type = sk_cur_u8(&cur);
	s->packet_len = 0;
	if (!sk_cur_ok(&cur) || pad > sk_cur_left(&cur)) {
		ips_tx_event(a, &t->tx, SSH_EV_INVALID_RECORD);
		return;
	}
	if (type == MSG_KEXINIT) {
		kexinit(c->mem, s, dir, cur);
		t->tx.changed[dir] = true;
	}
	if (type != MSG_NEWKEYS)
		return;
	s->over = true;
	t->tx.complete[dir] = t->tx.changed[dir] = true;
	ips_mem_free(c->mem, s->packet, s->packet_cap);
	s->packet = NULL;
	s->packet_cap = 0;
	if (t->side[!dir].over)
		a->flags |= IPS_APP_OPAQUE | IPS_APP_NO_RAW;
}

static bool keep(struct ssh_side *s, struct ips_mem *m, const uint8_t *p, uint32_t n)
{
	uint32_t need = s->packet_len + n;

	if (need > s->packet_cap) {
		uint32_t cap = SK_MAX(need, 2048u);
		void *q = ips_mem_grow(m, s->packet, s->packet_cap, cap);

		if (!q)
			return false;
		s->packet = q;
		s->packet_cap = cap;
	}
	memcpy(s->packet + s->packet_len, p, n);
	s->packet_len = need;
	return true;
}

static void packets(struct ips_app *a, struct ips_app_ctx *c, struct ssh_tx *t, enum ips_dir dir,
	const uint8_t *p, uint32_t len)
{
	struct ssh_side *s = &t->side[dir];

	while (len && !s->over) {
		uint32_t want = 4, n;

		if (s->packet_len >= 4)
			want = 4 +
				((uint32_t)s->packet[0] << 24 | (uint32_t)s->packet[1] << 16 |
					(uint32_t)s->packet[2] << 8 | s->packet[3]);
		if (want > PACKET_MAX || want < 4) {
			ips_tx_event(a, &t->tx, SSH_EV_LONG_KEX_RECORD);
			s->over = true;
			t->tx.complete[dir] = t->tx.changed[dir] = true;
			return;
		}
		n = SK_MIN(len, want - s->packet_len);
		if (!keep(s, c->mem, p, n)) {
			a->flags |= IPS_APP_FAILED;
			return;
		}
		p += n;
		len -= n;
		if (s->packet_len > 4 && s->packet_len == want)
			one_packet(a, c, t, dir);
		else if (s->packet_len == 4 && memcmp(s->packet, "\0\0\0\0", 4) == 0)
			s->packet_len = 0;
	}
}

static void ssh_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len, bool eof)
{
	struct ssh_tx *t = a->state;
	struct ssh_side *s;

	if (!t)
		return;
	s = &t->side[dir];
	if (!data && len)
		s->over = true;
	while (data && len && !s->banner_done && !s->over) {
		uint32_t n = banner(a, t, dir, data, len);

		data += n;
		len -= n;
	}
	if (data && len && !s->over)
		packets(a, c, t, dir, data, len);
	if (eof || s->over)
		t->tx.complete[dir] = t->tx.changed[dir] = true;
}

static enum ips_buf_state view(
	const char *p, uint32_t len, bool there, bool over, struct ips_buf_view *ret)
{
	if (!there)
		return over ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
	*ret = (struct ips_buf_view){.data = (const uint8_t *)p, .len = len};
	return IPS_BUF_FULL;
}

static enum ips_buf_state ssh_buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	const struct ssh_tx *t = (const struct ssh_tx *)tx;
	const struct ssh_side *s = &t->side[dir];
	bool over = tx->complete[dir], bad = s->banner_done && !s->banner_ok;

	if (index)
		return IPS_BUF_ABSENT;
	switch (buf) {
	case IPS_BUF_SSH_PROTO:
		return view(s->banner + 4, s->proto_len, s->banner_ok, over || bad, ret);
	case IPS_BUF_SSH_SOFTWARE:
		return view(s->banner + s->software_at, s->software_len, s->banner_ok, over || bad,
			ret);
	case IPS_BUF_SSH_HASSH:
	case IPS_BUF_SSH_HASSH_SERVER: return view(s->hassh, 32, s->hassh_text, over, ret);
	case IPS_BUF_SSH_HASSH_STRING:
	case IPS_BUF_SSH_HASSH_SERVER_STRING:
		return view(s->hassh_text, s->hassh_len, s->hassh_text, over, ret);
	default: return IPS_BUF_ABSENT;
	}
}

static bool ssh_number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	return false;
}

static void log_side(struct ips_json *j, const char *key, const struct ssh_side *s)
{
	if (!s->banner_ok)
		return;
	ips_json_open(j, key);
	ips_json_bytes(j, "proto_version", s->banner + 4, s->proto_len);
	ips_json_bytes(j, "software_version", s->banner + s->software_at, s->software_len);
	if (s->hassh_text) {
		ips_json_open(j, "hassh");
		ips_json_str(j, "hash", s->hassh);
		ips_json_bytes(j, "string", s->hassh_text, s->hassh_len);
		ips_json_close(j);
	}
	ips_json_close(j);
}

static void ssh_log(struct ips_app *a, struct ips_tx *tx, struct ips_json *j)
{
	const struct ssh_tx *t = (const struct ssh_tx *)tx;

	log_side(j, "client", &t->side[IPS_TOSERVER]);
	log_side(j, "server", &t->side[IPS_TOCLIENT]);
}

static bool ssh_log_ready(struct ips_app *a, struct ips_tx *tx)
{
	const struct ssh_tx *t = (const struct ssh_tx *)tx;

	return t->side[0].banner_ok && t->side[1].banner_ok && t->side[0].hassh_text &&
		t->side[1].hassh_text;
}

const struct ips_proto ips_ssh_proto = {
	.id = IPS_P_SSH,
	.open = ssh_open,
	.close = ssh_close,
	.data = ssh_data,
	.tx_free = ssh_tx_free,
	.buffer = ssh_buffer,
	.number = ssh_number,
	.log = ssh_log,
	.log_ready = ssh_log_ready,
	.events = events,
};

static enum ips_probe probe(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	uint32_t n = SK_MIN(len, 4);

	if (memcmp(p, "SSH-", n) != 0)
		return IPS_PROBE_NO;
	return len < 4 ? IPS_PROBE_MORE : IPS_PROBE_YES;
}

const struct ips_probe_row ips_ssh_probes[] = {
	{IPS_P_SSH, IPPROTO_TCP, IPS_BUF_BOTH, {22}, probe},
	{0},
};
