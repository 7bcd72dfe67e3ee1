// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of contacts and its events. Called for every new connection while they are few enough.
 */
#include "fw/fwd/contacts.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/table.h"
#include "lib/util.h"

#define EVENT_BYTES (14u << 10) /* of one event */
#define CONTACT_BYTES 256       /* of one contact in it, at most */
#define TELL_MAX 1000           /* contacts at once; the others have their turn */

struct pair {
	uint8_t family, pad[7];
	uint8_t src[16], dst[16];
};

struct seen {
	int64_t first_us, last_us; /* since it was told last */
	int64_t told_us;           /* 0: never */
	uint64_t count;
};

struct fwd_contacts {
	struct sk_table *t;
	size_t cap;
	uint64_t left_out;
};

struct fwd_contacts *fwd_contacts_new(size_t cap, const uint8_t seed[16])
{
	struct fwd_contacts *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->cap = cap;
	c->t = sk_table_new(cap, sizeof(struct pair), sizeof(struct seen), seed);
	if (!c->t) {
		free(c);
		return NULL;
	}
	return c;
}

void fwd_contacts_free(struct fwd_contacts *c)
{
	if (!c)
		return;
	sk_table_free(c->t);
	free(c);
}

static void put_ip(uint8_t *dst, const struct fw_ip *ip)
{
	unsigned __int128 a = ip->a;

	for (size_t i = ip->family == 4 ? 4 : 16; i-- > 0; a >>= 8)
		dst[i] = (uint8_t)a;
}

static bool make_key(struct pair *key, const struct fw_ip *src, const struct fw_ip *dst)
{
	*key = (struct pair){.family = (uint8_t)dst->family};
	put_ip(key->src, src);
	put_ip(key->dst, dst);
	return src->family == dst->family;
}

void fwd_contacts_there(
	struct fwd_contacts *c, const struct fw_ip *src, const struct fw_ip *dst, int64_t now_us)
{
	struct pair key;

	if (make_key(&key, src, dst) && !sk_table_get(c->t, &key))
		fwd_contacts_see(c, src, dst, now_us);
}

void fwd_contacts_see(
	struct fwd_contacts *c, const struct fw_ip *src, const struct fw_ip *dst, int64_t now_us)
{
	struct pair key;
	struct seen *s;

	if (!make_key(&key, src, dst))
		return;
	s = sk_table_put(c->t, &key);
	if (!s) {
		c->left_out++;
		return;
	}
	if (s->count == 0)
		s->first_us = now_us;
	s->last_us = now_us;
	s->count++;
}

/* ---- telling ---- */

struct telling {
	struct fwd_contacts *c;
	int64_t now_us;
	struct sk_buf b;
	char stamp[40];
	bool crowded;
	unsigned told;
	void (*fn)(const char *text, size_t len, void *arg);
	void *arg;
};

static void close_event(struct telling *t)
{
	if (t->b.len == 0)
		return;
	sk_buf_puts(&t->b, "]}}");
	/* Without memory they are lost, which the receiver of an empty text counts. */
	t->fn(sk_buf_str(&t->b), sk_buf_error(&t->b) ? 0 : t->b.len, t->arg);
	sk_buf_reset(&t->b);
}

static void put_contact(struct telling *t, const struct pair *p, const struct seen *s)
{
	int family = p->family == 4 ? AF_INET : AF_INET6;
	char src[INET6_ADDRSTRLEN] = "", dst[INET6_ADDRSTRLEN] = "";

	if (t->b.len > EVENT_BYTES - CONTACT_BYTES)
		close_event(t);
	if (t->b.len == 0)
		sk_buf_printf(&t->b,
			"{\"timestamp\":\"%s\",\"ts\":%" PRId64
			",\"event_type\":\"contact\",\"sekisho\":{\"contacts\":[",
			t->stamp, t->now_us);
	else
		sk_buf_putc(&t->b, ',');
	inet_ntop(family, p->src, src, sizeof(src));
	inet_ntop(family, p->dst, dst, sizeof(dst));
	sk_buf_printf(&t->b,
		"{\"kind\":\"%u\",\"value\":\"%s\",\"src\":\"%s\",\"count\":%" PRIu64
		",\"first\":%" PRId64 ",\"last\":%" PRId64 "}",
		p->family, dst, src, s->count, s->first_us, s->last_us);
}

static bool tell_pair(const void *key, void *val, void *arg)
{
	struct telling *t = arg;
	struct seen *s = val;

	if (s->count > 0 &&
		(s->told_us == 0 || t->now_us - s->told_us >= FWD_CONTACTS_AGAIN_US ||
			t->now_us < s->told_us)) {
		if (t->told++ >= TELL_MAX)
			return false;
		put_contact(t, key, s);
		s->told_us = t->now_us;
		s->count = 0;
		return false;
	}
	return s->count == 0 &&
		(t->crowded || t->now_us - s->told_us >= FWD_CONTACTS_AGAIN_US ||
			t->now_us < s->told_us);
}

void fwd_contacts_tell(struct fwd_contacts *c, int64_t now_us,
	void (*fn)(const char *text, size_t len, void *arg), void *arg)
{
	struct telling t = {.c = c, .now_us = now_us, .fn = fn, .arg = arg};

	t.crowded = sk_table_count(c->t) > c->cap / 4 * 3;
	sk_time_format_us(now_us, t.stamp, sizeof(t.stamp));
	sk_buf_init(&t.b, EVENT_BYTES + CONTACT_BYTES);
	sk_table_walk(c->t, tell_pair, &t);
	close_event(&t);
	sk_buf_done(&t.b);
}

void fwd_contacts_stat(const struct fwd_contacts *c, struct fwd_contacts_stat *ret)
{
	*ret = (struct fwd_contacts_stat){.pairs = sk_table_count(c->t), .left_out = c->left_out};
}

bool fwd_contacts_wanted(const struct fw_policy *p, uint32_t number)
{
	const struct fw_policy_rule *r =
		number >= FW_NUMBER_FIRST ? fw_policy_find(p, number) : NULL;

	if (!r || r->rec.kind == FW_DENY || r->to >= p->n_zones ||
		p->zones[r->to].kind != FW_ZONE_OUTSIDE)
		return false;
	return r->from >= p->n_zones || p->zones[r->from].kind != FW_ZONE_OUTSIDE;
}
