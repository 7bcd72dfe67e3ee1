/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protocols by which devices name themselves to their neighbours: mDNS (RFC 6762), LLMNR (RFC
 * 4795), NetBIOS name service and datagrams (RFC 1001, 1002), SSDP. Only what a sender says of
 * itself is taken: answers and registrations, never what it asks for. See sight.h.
 */
#include <string.h>
#include <strings.h>

#include "nac/observe/sight.h"

enum {
	T_A = 1,
	T_TXT = 16,
	T_AAAA = 28,
	T_NB = 32,
	T_SRV = 33,
	T_NBSTAT = 33, /* in NetBIOS the same number as SRV in DNS */
	RECORDS_MAX = 64,
	JUMPS_MAX = 16,
	NAME_MAX_LEN = 255,
	NB_NAME = 16,
};

/* A name with its labels' lengths gone: "pc.local", lower case. Too long or looping: false. */
struct dname {
	char text[NAME_MAX_LEN + 1];
	size_t len;
};

static bool add_label(struct dname *n, const uint8_t *p, size_t len)
{
	if (n->len + len + 1 > NAME_MAX_LEN)
		return false;
	if (n->len)
		n->text[n->len++] = '.';
	for (size_t i = 0; i < len; i++)
		n->text[n->len++] = (char)(p[i] ? p[i] : '?');
	n->text[n->len] = '\0';
	return true;
}

/* msg: the whole message, for pointers (RFC 1035, 4.1.4), which must point backwards. */
static bool read_name(const struct sk_cursor *msg, struct sk_cursor *c, struct dname *n)
{
	struct sk_cursor at = *c;
	bool jumped = false;

	n->len = 0;
	n->text[0] = '\0';
	for (int jumps = 0; jumps <= JUMPS_MAX;) {
		uint8_t len = sk_cur_u8(&at);
		const uint8_t *p;

		if (!sk_cur_ok(&at))
			return false;
		if (len >= 0xc0) {
			size_t to = (size_t)(len & 0x3f) << 8 | sk_cur_u8(&at);

			if (!sk_cur_ok(&at))
				return false;
			if (!jumped)
				*c = at;
			jumped = true;
			jumps++;
			if (to >= msg->len)
				return false;
			at = *msg;
			at.off = to;
			continue;
		}
		if (len > 63)
			return false;
		if (len == 0) {
			if (!jumped)
				*c = at;
			return true;
		}
		p = sk_cur_take(&at, len);
		if (!p || !add_label(n, p, len))
			return false;
	}
	return false;
}

/* "pc.local" or "pc": the host's own name; "_ipp._tcp.local", "x._ipp._tcp.local": no host. */
static void take_host(struct nac_name *out, const struct dname *n)
{
	size_t label = strcspn(n->text, ".");
	const char *rest = n->text + label;

	if (label == 0 || n->text[0] == '_' || out->host[0])
		return;
	if (*rest && strcasecmp(rest, ".local") != 0)
		return;
	nac_text(out->host, sizeof(out->host), n->text, label);
}

static void take_txt(struct nac_name *out, struct sk_cursor *v)
{
	static const char *const keys[] = {"ty=", "md=", "model=", "usb_MDL="};

	for (int i = 0; i < RECORDS_MAX && sk_cur_left(v) > 0; i++) {
		uint8_t len = sk_cur_u8(v);
		const uint8_t *p = sk_cur_take(v, len);

		if (!p)
			return;
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]) && !out->model[0]; k++) {
			size_t n = strlen(keys[k]);

			if (len > n && strncasecmp((const char *)p, keys[k], n) == 0)
				nac_text(out->model, sizeof(out->model), p + n, len - n);
		}
	}
}

struct counts {
	uint16_t flags, qd, an, ns, ar;
};

static bool header(struct sk_cursor *c, struct counts *h)
{
	sk_cur_skip(c, 2);
	h->flags = sk_cur_be16(c);
	h->qd = sk_cur_be16(c);
	h->an = sk_cur_be16(c);
	h->ns = sk_cur_be16(c);
	h->ar = sk_cur_be16(c);
	return sk_cur_ok(c);
}

static bool skip_questions(const struct sk_cursor *msg, struct sk_cursor *c, unsigned n)
{
	struct dname name;

	for (unsigned i = 0; i < n && i < RECORDS_MAX; i++) {
		if (!read_name(msg, c, &name))
			return false;
		sk_cur_skip(c, 4);
	}
	return sk_cur_ok(c) && n <= RECORDS_MAX;
}

static bool records(
	const struct sk_cursor *msg, struct sk_cursor *c, unsigned n, struct nac_name *out)
{
	for (unsigned i = 0; i < n && i < RECORDS_MAX; i++) {
		struct dname name, target;
		struct sk_cursor v;
		uint16_t type;

		if (!read_name(msg, c, &name))
			return false;
		type = sk_cur_be16(c);
		sk_cur_skip(c, 6);
		v = *c;
		sk_cur_skip(c, sk_cur_be16(&v));
		sk_cur_skip(c, 2);
		if (!sk_cur_ok(c))
			return false;
		v.len = c->off; /* bounded by the record, offsets within the message */
		if (type == T_A || type == T_AAAA)
			take_host(out, &name);
		else if (type == T_TXT)
			take_txt(out, &v);
		else if (type == T_SRV) {
			sk_cur_skip(&v, 6);
			if (read_name(msg, &v, &target))
				take_host(out, &target);
		}
	}
	return true;
}

/* The rest of the cursor as a message of its own, so that pointers count from its start. */
static struct sk_cursor whole(struct sk_cursor *c)
{
	return sk_cur_sub(c, sk_cur_left(c));
}

bool nac_parse_mdns(struct sk_cursor *c, struct nac_name *ret)
{
	struct sk_cursor msg = whole(c), at = msg;
	struct counts h;
	unsigned n;

	ret->rank = NAC_NAME_MDNS;
	if (!header(&at, &h) || !skip_questions(&msg, &at, h.qd))
		return false;
	/*
	 * A query's answers are what it knows of others (7.1); its authority section is what it
	 * is about to claim for itself (8.2). An answer's records are its sender's.
	 */
	if (!(h.flags & 0x8000)) {
		struct nac_name others = {0};

		if (!records(&msg, &at, h.an, &others))
			return false;
		n = h.ns;
	} else {
		n = (unsigned)h.an + h.ns + h.ar;
	}
	return records(&msg, &at, n, ret);
}

bool nac_parse_llmnr(struct sk_cursor *c, struct nac_name *ret)
{
	struct sk_cursor msg = whole(c), at = msg;
	struct counts h;

	ret->rank = NAC_NAME_LLMNR;
	if (!header(&at, &h) || !skip_questions(&msg, &at, h.qd))
		return false;
	return !(h.flags & 0x8000) || records(&msg, &at, h.an, ret);
}

/* First-level encoding (RFC 1001, 14.1): 32 letters from A to P are 16 bytes, the last a suffix. */
static bool nb_decode(const uint8_t *p, char name[NB_NAME])
{
	for (int i = 0; i < NB_NAME; i++) {
		uint8_t hi = (uint8_t)(p[2 * i] - 'A'), lo = (uint8_t)(p[2 * i + 1] - 'A');

		if (hi > 15 || lo > 15)
			return false;
		name[i] = (char)(hi << 4 | lo);
	}
	return true;
}

/* A workstation's or file server's name; 0x1b to 0x1e are the domain's. */
static void nb_take(struct nac_name *out, const char name[NB_NAME])
{
	uint8_t suffix = (uint8_t)name[NB_NAME - 1];

	if ((suffix == 0x00 || suffix == 0x03 || suffix == 0x20) && !out->host[0] &&
		name[0] != '*' && name[0] != '\x01')
		nac_text(out->host, sizeof(out->host), name, NB_NAME - 1);
}

/* A whole name with its scope stepped over, or a pointer. false: malformed. */
static bool nb_name(struct sk_cursor *c, char name[NB_NAME], bool *ret_pointer)
{
	uint8_t len = sk_cur_u8(c);
	const uint8_t *p;

	*ret_pointer = len >= 0xc0;
	if (*ret_pointer) {
		sk_cur_skip(c, 1);
		return sk_cur_ok(c);
	}
	p = len == 32 ? sk_cur_take(c, 32) : NULL;
	if (!p || !nb_decode(p, name))
		return false;
	for (int i = 0; i < RECORDS_MAX; i++) {
		len = sk_cur_u8(c);
		if (!sk_cur_ok(c) || len > 63)
			return false;
		if (len == 0)
			return true;
		sk_cur_skip(c, len);
	}
	return false;
}

/* The list of names a node status answer has (RFC 1002, 4.2.18); groups are not its own. */
static void nb_status(struct nac_name *out, struct sk_cursor *v)
{
	uint8_t n = sk_cur_u8(v);

	for (unsigned i = 0; i < n; i++) {
		const uint8_t *p = sk_cur_take(v, NB_NAME);
		uint16_t flags = sk_cur_be16(v);
		char name[NB_NAME];

		if (!p || !sk_cur_ok(v))
			return;
		memcpy(name, p, NB_NAME);
		if (!(flags & 0x8000))
			nb_take(out, name);
	}
}

static bool nb_record(struct sk_cursor *c, char name[NB_NAME], struct nac_name *ret)
{
	bool pointer;
	uint16_t type, len;
	struct sk_cursor v;

	if (!nb_name(c, name, &pointer))
		return false;
	type = sk_cur_be16(c);
	sk_cur_skip(c, 6);
	len = sk_cur_be16(c);
	v = sk_cur_sub(c, len);
	if (!sk_cur_ok(c))
		return false;
	if (type == T_NBSTAT)
		nb_status(ret, &v);
	else if (type == T_NB && !(sk_cur_be16(&v) & 0x8000) && sk_cur_ok(&v))
		nb_take(ret, name);
	return true;
}

bool nac_parse_nbns(struct sk_cursor *c, struct nac_name *ret)
{
	struct counts h;
	char name[NB_NAME] = {0};
	bool pointer;
	unsigned op;

	ret->rank = NAC_NAME_NBNS;
	if (!header(c, &h))
		return false;
	op = h.flags >> 11 & 0xf;
	for (unsigned i = 0; i < h.qd && i < 2; i++) {
		if (!nb_name(c, name, &pointer))
			return false;
		sk_cur_skip(c, 4);
	}
	/* 5 registration, 8 and 9 refresh: its own names, with their record behind. */
	if (!(h.flags & 0x8000))
		return (op != 5 && op != 8 && op != 9) || h.ar == 0 || nb_record(c, name, ret);
	return h.an == 0 || nb_record(c, name, ret);
}

bool nac_parse_nbds(struct sk_cursor *c, struct nac_name *ret)
{
	uint8_t type = sk_cur_u8(c);
	char name[NB_NAME] = {0};
	bool pointer;

	ret->rank = NAC_NAME_NBNS;
	sk_cur_skip(c, 13);
	if (!sk_cur_ok(c))
		return false;
	if (type < 0x10 || type > 0x12)
		return true; /* errors and queries carry no sender's name */
	if (!nb_name(c, name, &pointer) || pointer)
		return false;
	nb_take(ret, name);
	return true;
}

bool nac_parse_ssdp(struct sk_cursor *c, struct nac_name *ret)
{
	size_t len = sk_cur_left(c);
	const char *p = (const char *)sk_cur_take(c, len), *end;

	if (!p || len < 8 || (strncmp(p, "NOTIFY ", 7) != 0 && strncmp(p, "HTTP/1.1", 8) != 0))
		return p != NULL; /* a search says nothing of its sender */
	end = p + len;
	for (int i = 0; i < RECORDS_MAX && p < end; i++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);

		if (n > 7 && strncasecmp(p, "SERVER:", 7) == 0) {
			size_t skip = 7;

			while (skip < n && p[skip] == ' ')
				skip++;
			if (n > skip && p[n - 1] == '\r')
				n--;
			nac_text(ret->model, sizeof(ret->model), p + skip, n - skip);
		}
		if (!nl)
			break;
		p = nl + 1;
	}
	return true;
}
