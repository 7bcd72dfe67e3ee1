// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of names. Called once a transaction, so it costs a hash and a comparison, and allocates
 * nothing; the names are bytes of whoever speaks on the network.
 */
#include "ips/engine/contacts.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/blocklist.h"
#include "lib/clock.h"
#include "lib/table.h"
#include "lib/util.h"

#define EVENT_BYTES (14u << 10) /* of one event */
#define CONTACT_BYTES 600       /* of one contact in it, at most */
#define NAME_BYTES 256          /* in a key */
#define TELL_MAX 500            /* contacts at once; the others have their turn */

struct key {
	uint8_t family, len, pad[2];
	uint32_t in_dev, out_dev;
	uint8_t addr[16];
	char name[NAME_BYTES];
};

struct seen {
	uint64_t first_us, last_us; /* since it was told last */
	uint64_t told_us;           /* 0: never */
	uint64_t count;
};

struct ips_contacts {
	struct sk_table *t;
	size_t cap;
	uint64_t left_out, last_tell_us;
};

struct ips_contacts *ips_contacts_new(size_t cap, const uint8_t seed[16])
{
	struct ips_contacts *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->cap = cap;
	c->t = sk_table_new(cap, sizeof(struct key), sizeof(struct seen), seed);
	if (!c->t) {
		free(c);
		return NULL;
	}
	return c;
}

void ips_contacts_free(struct ips_contacts *c)
{
	if (!c)
		return;
	sk_table_free(c->t);
	free(c);
}

/* In its canonical form. false: is no name of two labels or more. */
static bool take_name(struct ips_view name, struct key *k)
{
	char text[SK_BL_VALUE_MAX + 1];
	int n;

	if (name.len == 0 || name.len > IPS_CONTACTS_NAME + 1)
		return false;
	n = sk_bl_canonical(SK_BL_DOMAIN, (const char *)name.data, name.len, text, sizeof(text));
	if (n <= 0 || n > IPS_CONTACTS_NAME)
		return false;
	k->len = (uint8_t)n;
	memcpy(k->name, text, (size_t)n);
	return true;
}

void ips_contacts_see(struct ips_contacts *c, struct ips_view name,
	const struct ips_contact_client *client, uint64_t now_us)
{
	struct key k;
	struct seen *s;

	memset(&k, 0, sizeof(k));
	if (!take_name(name, &k))
		return;
	k.family = client->family;
	k.in_dev = client->in_dev;
	k.out_dev = client->out_dev;
	memcpy(k.addr, client->addr.w, client->family == 4 ? 4 : 16);
	s = sk_table_put(c->t, &k);
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
	const struct ips_eve_config *cfg;
	uint64_t now_us;
	struct sk_buf b;
	char stamp[48];
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
	if (!sk_buf_error(&t->b))
		t->fn(sk_buf_str(&t->b), t->b.len, t->arg);
	sk_buf_reset(&t->b);
}

/* Interface names are the administrator's: letters, digits and the like. */
static void put_iface(struct telling *t, const char *key, uint32_t dev)
{
	const char *name = dev && t->cfg->iface ? t->cfg->iface(dev, t->cfg->arg) : NULL;

	if (name && !strpbrk(name, "\"\\"))
		sk_buf_printf(&t->b, ",\"%s\":\"%.32s\"", key, name);
}

static void put_contact(struct telling *t, const struct key *k, const struct seen *s)
{
	char src[INET6_ADDRSTRLEN] = "";

	if (t->b.len > EVENT_BYTES - CONTACT_BYTES)
		close_event(t);
	if (t->b.len == 0)
		sk_buf_printf(&t->b,
			"{\"timestamp\":\"%s\",\"ts\":%" PRIu64
			",\"event_type\":\"contact\",\"sekisho\":{\"contacts\":[",
			t->stamp, t->now_us);
	else
		sk_buf_putc(&t->b, ',');
	inet_ntop(k->family == 4 ? AF_INET : AF_INET6, k->addr, src, sizeof(src));
	sk_buf_printf(&t->b,
		"{\"kind\":\"d\",\"value\":\"%.*s\",\"src\":\"%s\",\"count\":%" PRIu64
		",\"first\":%" PRIu64 ",\"last\":%" PRIu64,
		(int)k->len, k->name, src, s->count, s->first_us, s->last_us);
	put_iface(t, "in_iface", k->in_dev);
	put_iface(t, "out_iface", k->out_dev);
	sk_buf_putc(&t->b, '}');
}

static bool tell_one(const void *key, void *val, void *arg)
{
	struct telling *t = arg;
	struct seen *s = val;
	bool again = t->now_us < s->told_us || t->now_us - s->told_us >= IPS_CONTACTS_AGAIN_US;

	if (s->count > 0 && (s->told_us == 0 || again)) {
		if (t->told++ >= TELL_MAX)
			return false;
		put_contact(t, key, s);
		s->told_us = t->now_us;
		s->count = 0;
		return false;
	}
	return s->count == 0 && (t->crowded || again);
}

void ips_contacts_tell(struct ips_contacts *c, const struct ips_eve_config *cfg, uint64_t now_us,
	void (*fn)(const char *text, size_t len, void *arg), void *arg)
{
	struct telling t = {.cfg = cfg, .now_us = now_us, .fn = fn, .arg = arg};

	if (now_us >= c->last_tell_us && now_us - c->last_tell_us < IPS_CONTACTS_TELL_US)
		return;
	c->last_tell_us = now_us;
	t.crowded = sk_table_count(c->t) > c->cap / 4 * 3;
	sk_time_format_us((int64_t)now_us, t.stamp, sizeof(t.stamp));
	sk_buf_init(&t.b, EVENT_BYTES + CONTACT_BYTES);
	sk_table_walk(c->t, tell_one, &t);
	close_event(&t);
	sk_buf_done(&t.b);
}

size_t ips_contacts_count(const struct ips_contacts *c)
{
	return sk_table_count(c->t);
}

uint64_t ips_contacts_left_out(const struct ips_contacts *c)
{
	return c->left_out;
}
