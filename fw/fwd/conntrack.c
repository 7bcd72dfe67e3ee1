/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections are dumped first and ended afterwards: one socket cannot do both at once. Their zone
 * (conntrack zone, not ours) and identity come back with the dump, so that exactly what was seen is
 * ended.
 */
#include "fw/fwd/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "fw/nft/nft.h"
#include "lib/util.h"

#define RCVBUF (16 << 20)
#define ANSWER_S 10

struct fwd_ct {
	struct nfct_handle *h;
};

static int fail(struct sk_err *err, int code, const char *what)
{
	return sk_err_set(err, code, NULL, "conntrack: %s: %s", "コネクション追跡: %s: %s", what,
		strerror(-code));
}

int fwd_ct_open(struct fwd_ct **ret, struct sk_err *err)
{
	const struct timeval wait = {.tv_sec = ANSWER_S};
	const int size = RCVBUF;
	struct fwd_ct *ct = calloc(1, sizeof(*ct));

	if (!ct)
		return sk_err_nomem(err);
	ct->h = nfct_open(CONNTRACK, 0);
	if (!ct->h) {
		int code = errno ? -errno : -EIO;

		free(ct);
		return fail(err, code, "cannot open");
	}
	if (setsockopt(nfct_fd(ct->h), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(nfct_fd(ct->h), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(nfct_fd(ct->h), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	*ret = ct;
	return 0;
}

void fwd_ct_close(struct fwd_ct *ct)
{
	if (!ct)
		return;
	nfct_close(ct->h);
	free(ct);
}

static void ip4(struct fw_ip *ip, uint32_t be)
{
	*ip = (struct fw_ip){.family = 4, .a = ntohl(be)};
}

static void ip6(struct fw_ip *ip, const uint8_t *p)
{
	*ip = (struct fw_ip){.family = 6};
	for (int i = 0; p && i < 16; i++)
		ip->a = ip->a << 8 | p[i];
}

static bool fill(const struct nf_conntrack *ct, struct fwd_conn *c)
{
	memset(c, 0, sizeof(*c));
	c->number = nfct_get_attr_u32(ct, ATTR_MARK) >> FW_MARK_SHIFT;
	c->proto = nfct_get_attr_u8(ct, ATTR_ORIG_L4PROTO);
	c->related = (nfct_get_attr_u32(ct, ATTR_STATUS) & IPS_EXPECTED) != 0;
	switch (nfct_get_attr_u8(ct, ATTR_ORIG_L3PROTO)) {
	case AF_INET:
		ip4(&c->src, nfct_get_attr_u32(ct, ATTR_ORIG_IPV4_SRC));
		ip4(&c->dst, nfct_get_attr_u32(ct, ATTR_ORIG_IPV4_DST));
		ip4(&c->real_dst, nfct_get_attr_u32(ct, ATTR_REPL_IPV4_SRC));
		break;
	case AF_INET6:
		ip6(&c->src, nfct_get_attr(ct, ATTR_ORIG_IPV6_SRC));
		ip6(&c->dst, nfct_get_attr(ct, ATTR_ORIG_IPV6_DST));
		ip6(&c->real_dst, nfct_get_attr(ct, ATTR_REPL_IPV6_SRC));
		break;
	default: return false;
	}
	if (c->proto == IPPROTO_ICMP || c->proto == IPPROTO_ICMPV6) {
		c->port = c->real_port = nfct_get_attr_u8(ct, ATTR_ICMP_TYPE);
	} else if (fw_proto_has_ports(c->proto)) {
		c->port = ntohs(nfct_get_attr_u16(ct, ATTR_ORIG_PORT_DST));
		c->real_port = ntohs(nfct_get_attr_u16(ct, ATTR_REPL_PORT_SRC));
	}
	return true;
}

static int dump(struct fwd_ct *ct,
	int (*cb)(enum nf_conntrack_msg_type type, struct nf_conntrack *c, void *arg), void *arg,
	struct sk_err *err)
{
	const uint32_t family = AF_UNSPEC;
	int r;

	nfct_callback_register(ct->h, NFCT_T_ALL, cb, arg);
	r = nfct_query(ct->h, NFCT_Q_DUMP, &family) < 0 ? -errno : 0;
	nfct_callback_unregister(ct->h);
	return r < 0 ? fail(err, r, "cannot list connections") : 0;
}

struct cutting {
	bool (*decide)(const struct fwd_conn *conn, void *arg);
	void *arg;
	struct nf_conntrack **v;
	size_t n, cap;
	int err;
};

static int on_cut(enum nf_conntrack_msg_type type, struct nf_conntrack *c, void *arg)
{
	struct cutting *k = arg;
	struct fwd_conn conn;

	if (!fill(c, &conn) || !k->decide(&conn, k->arg))
		return NFCT_CB_CONTINUE;
	k->err = sk_grow(&k->v, &k->cap, k->n + 1, sizeof(struct nf_conntrack *));
	if (k->err < 0)
		return NFCT_CB_STOP;
	k->v[k->n++] = c;
	return NFCT_CB_STOLEN;
}

int fwd_ct_cut(struct fwd_ct *ct, bool (*decide)(const struct fwd_conn *conn, void *arg), void *arg,
	size_t *ret_cut, struct sk_err *err)
{
	struct cutting k = {.decide = decide, .arg = arg};
	size_t cut = 0;
	int r = dump(ct, on_cut, &k, err);

	/* What was found is ended even if the list broke off. */
	for (size_t i = 0; i < k.n; i++) {
		if (nfct_query(ct->h, NFCT_Q_DESTROY, k.v[i]) == 0)
			cut++;
		else if (errno != ENOENT && r == 0)
			r = fail(err, -errno, "cannot end a connection");
		nfct_destroy(k.v[i]);
	}
	free(k.v);
	if (r == 0 && k.err < 0)
		r = sk_err_nomem(err);
	*ret_cut = cut;
	return r;
}

struct listing {
	bool (*fn)(const struct fwd_ct_row *row, void *arg);
	void *arg;
	bool ended;
};

static int on_list(enum nf_conntrack_msg_type type, struct nf_conntrack *c, void *arg)
{
	struct listing *l = arg;
	struct fwd_ct_row row = {0};

	/* The dump has to be read to its end all the same. */
	if (l->ended || !fill(c, &row.conn) || row.conn.number == 0)
		return NFCT_CB_CONTINUE;
	if (fw_proto_has_ports(row.conn.proto))
		row.sport = ntohs(nfct_get_attr_u16(c, ATTR_ORIG_PORT_SRC));
	row.packets = nfct_get_attr_u64(c, ATTR_ORIG_COUNTER_PACKETS) +
		nfct_get_attr_u64(c, ATTR_REPL_COUNTER_PACKETS);
	row.bytes = nfct_get_attr_u64(c, ATTR_ORIG_COUNTER_BYTES) +
		nfct_get_attr_u64(c, ATTR_REPL_COUNTER_BYTES);
	l->ended = !l->fn(&row, l->arg);
	return NFCT_CB_CONTINUE;
}

int fwd_ct_list(struct fwd_ct *ct, bool (*fn)(const struct fwd_ct_row *row, void *arg), void *arg,
	struct sk_err *err)
{
	struct listing l = {.fn = fn, .arg = arg};

	return dump(ct, on_list, &l, err);
}
