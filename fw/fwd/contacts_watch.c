// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where contacts come from: the kernel's notices of new connections, as many a second as cost
 * nothing worth mentioning. Beyond, we leave the kernel's group for the rest of the second, and it
 * does not even write them: who talks to whom shows in a sample as well. Once an hour all
 * connections are looked at, for those that last for days.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "fw/fwd/contacts_watch.h"
#include "fw/fwd/contacts.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"

#define PER_SECOND 500 /* notices taken in a second: below 1 % of a core */
#define PER_TURN 64    /* and in one turn of the loop */
#define RCVBUF (256 << 10)
#define DUMP_S 3600
#define NEW_TYPE ((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_NEW)

struct fwd_contacts_watch {
	struct fwd_contacts *table;
	int fd;
	sd_event_source *io;
	bool member;
	unsigned taken; /* in this second */
	uint64_t full;  /* seconds in which there were more */
	int64_t dumped; /* 0 never */
};

static int join(struct fwd_contacts_watch *w, bool in)
{
	const int group = NFNLGRP_CONNTRACK_NEW;

	if (w->member == in)
		return 0;
	if (setsockopt(w->fd, SOL_NETLINK, in ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP,
		    &group, sizeof(group)) < 0)
		return -errno;
	w->member = in;
	return 0;
}

/* ---- one notice ---- */

struct tuple {
	struct fw_ip src, dst;
};

static void take_ip(const struct nlattr *a, struct fw_ip *ip)
{
	const uint8_t *p = mnl_attr_get_payload(a);
	size_t len = mnl_attr_get_payload_len(a);

	if (len != 4 && len != 16)
		return;
	*ip = (struct fw_ip){.family = len == 4 ? 4 : 6};
	for (size_t i = 0; i < len; i++)
		ip->a = ip->a << 8 | p[i];
}

static void take_tuple(const struct nlattr *tuple, struct tuple *ret)
{
	const struct nlattr *part, *a;

	mnl_attr_for_each_nested (part, tuple) {
		if (mnl_attr_get_type(part) != CTA_TUPLE_IP)
			continue;
		mnl_attr_for_each_nested (a, part) {
			int type = mnl_attr_get_type(a);

			if (type == CTA_IP_V4_SRC || type == CTA_IP_V6_SRC)
				take_ip(a, &ret->src);
			else if (type == CTA_IP_V4_DST || type == CTA_IP_V6_DST)
				take_ip(a, &ret->dst);
		}
	}
}

static void take_notice(struct fwd *d, const struct nlmsghdr *h, int64_t now_us)
{
	struct tuple orig = {0}, reply = {0};
	const struct nlattr *a;
	uint32_t mark = 0;

	if (h->nlmsg_type != NEW_TYPE || mnl_nlmsg_get_payload_len(h) < sizeof(struct nfgenmsg))
		return;
	mnl_attr_for_each (a, h, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(a)) {
		case CTA_TUPLE_ORIG: take_tuple(a, &orig); break;
		case CTA_TUPLE_REPLY: take_tuple(a, &reply); break;
		case CTA_MARK:
			if (mnl_attr_get_payload_len(a) == sizeof(mark))
				mark = ntohl(mnl_attr_get_u32(a));
			break;
		default: break;
		}
	}
	/* Who answers is whom it talks to, whatever it was called before translation. */
	if (fwd_contacts_wanted(d->running, mark >> FW_MARK_SHIFT))
		fwd_contacts_see(d->contacts->table, &orig.src, &reply.src, now_us);
}

static int on_notices(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	char buf[8192] __attribute__((aligned(8)));
	struct fwd *d = arg;
	struct fwd_contacts_watch *w = d->contacts;
	int64_t now_us = sk_now_us();

	for (unsigned i = 0; i < PER_TURN; i++) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)buf;
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		int left = (int)n;

		/* Overrun: what did not fit is no matter. */
		if (n < 0 && (errno == EINTR || errno == ENOBUFS))
			continue;
		if (n <= 0)
			break;
		for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left), w->taken++)
			take_notice(d, h, now_us);
	}
	if (w->taken >= PER_SECOND && w->member && join(w, false) == 0)
		w->full++;
	return 0;
}

/* ---- all connections, now and then ---- */

static bool on_row(const struct fwd_ct_row *row, void *arg)
{
	struct fwd *d = arg;

	if (fwd_contacts_wanted(d->running, row->conn.number))
		fwd_contacts_there(d->contacts->table, &row->conn.src, &row->conn.real_dst,
			d->contacts->dumped * 1000000);
	return true;
}

static void dump(struct fwd *d)
{
	struct sk_err err = {0};

	d->contacts->dumped = sk_now();
	if (fwd_ct_list(d->ct, on_row, d, &err) < 0)
		sk_log_err(LOG_WARNING, "contacts", &err);
}

/* ---- clockwork ---- */

static void tell(const char *text, size_t len, void *arg)
{
	fwd_report_text(arg, text, len);
}

void fwd_contacts_second(struct fwd *d)
{
	if (!d->contacts)
		return;
	d->contacts->taken = 0;
	if (d->contacts->fd >= 0)
		join(d->contacts, true);
}

void fwd_contacts_tick(struct fwd *d)
{
	int64_t now = sk_now();

	if (!d->contacts)
		return;
	if (now - d->contacts->dumped >= DUMP_S || now < d->contacts->dumped)
		dump(d);
	fwd_contacts_tell(d->contacts->table, now * 1000000, tell, d);
}

json_t *fwd_contacts_status(const struct fwd *d)
{
	struct fwd_contacts_stat st = {0};

	if (d->contacts)
		fwd_contacts_stat(d->contacts->table, &st);
	return json_pack("{s:I,s:I,s:I}", "pairs", (json_int_t)st.pairs, "left_out",
		(json_int_t)st.left_out, "sampled_seconds",
		d->contacts ? (json_int_t)d->contacts->full : 0);
}

static int open_socket(struct fwd *d)
{
	struct fwd_contacts_watch *w = d->contacts;
	const struct sockaddr_nl addr = {.nl_family = AF_NETLINK};
	const int bytes = RCVBUF;
	int r;

	w->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	if (w->fd < 0 || bind(w->fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	setsockopt(w->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	r = join(w, true);
	if (r == 0)
		r = sd_event_add_io(d->ev, &w->io, w->fd, EPOLLIN, on_notices, d);
	/* Everything else comes first. */
	return r < 0 ? r : sd_event_source_set_priority(w->io, SD_EVENT_PRIORITY_IDLE);
}

int fwd_contacts_start(struct fwd *d, struct sk_err *err)
{
	uint8_t seed[16];
	int r;

	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return sk_err_set(err, -EIO, NULL, "no random numbers", "乱数を取得できません");
	d->contacts = calloc(1, sizeof(*d->contacts));
	if (!d->contacts)
		return sk_err_nomem(err);
	d->contacts->fd = -1;
	d->contacts->table = fwd_contacts_new(FWD_CONTACTS_CAP, seed);
	if (!d->contacts->table)
		return sk_err_nomem(err);
	r = open_socket(d);
	if (r < 0) {
		/* Filtering does without; the hourly look at all connections stays. */
		sk_log(LOG_WARNING, "new connections are not noticed: %s", strerror(-r));
		d->contacts->io = sd_event_source_disable_unref(d->contacts->io);
		sk_closep(&d->contacts->fd);
		d->contacts->fd = -1;
	}
	return 0;
}

void fwd_contacts_stop(struct fwd *d)
{
	if (!d->contacts)
		return;
	sd_event_source_disable_unref(d->contacts->io);
	sk_closep(&d->contacts->fd);
	fwd_contacts_free(d->contacts->table);
	free(d->contacts);
	d->contacts = NULL;
}
