/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow table: chained hash over preallocated flows, of which a packet touches two cache lines,
 * and one list per protocol class and state in order of last use, so that expiry and give-up take
 * the head. A flow moves in its list at most once a second, and to the list of a new state when
 * next met: lists are right within a second, packets stay cheap. The flow itself says what holds.
 */
#include "ips/flow/flow.h"

#include <netinet/in.h>
#include <string.h>

#include "ips/flow/key.h"
#include "ips/flow/siphash.h"
#include "lib/util.h"

#define NONE UINT32_MAX
#define SECOND 1000000ULL
#define FLOWS_MIN 16
#define FLOWS_MAX (1u << 26)
#define EXPIRE_PAUSE_US 20000 /* nothing was due: look again after that */

enum class { CLASS_TCP, CLASS_UDP, CLASS_ICMP, CLASS_OTHER, CLASSES };
#define STATES 3
#define LISTS (CLASSES * STATES)

/*
 * A link of a chain: the next flow's index in the low bits (all ones: none), and above it as many
 * bits of that flow's hash as fit, which mostly tell at once whether it is another.
 */
struct slot {
	uint32_t link; /* or the next index of the free list */
	uint32_t bucket;
	uint32_t prev, next;
};

/* What a packet touches comes first, the flow's beginning filling the line. */
struct entry {
	uint32_t moved_s; /* when it last moved to the end of its list */
	uint8_t class, list;
	struct ips_flow f; /* id 0: free */
} __attribute__((aligned(64)));

struct list {
	uint32_t head, tail;
	uint32_t timeout_s;
};

struct ips_flow_table {
	struct ips_flow_config cfg;
	struct ips_sipkey sip;
	uint32_t mask, free, fresh; /* slots from fresh on were never used */
	uint32_t index_mask;        /* of a link */
	uint32_t *buckets;
	struct slot *slots;
	struct entry *entries;
	struct list lists[LISTS];
	uint64_t made, expire_at_us;
	void (*gone)(struct ips_flow *f, void *arg);
	void *arg;
	struct ips_flow_stats stats;
};

void ips_flow_config_default(struct ips_flow_config *cfg)
{
	*cfg = (struct ips_flow_config){
		.max = 65536,
		.tcp_s = {60, 600, 60},
		.udp_s = {30, 300, 0},
		.icmp_s = {30, 300, 0},
		.other_s = {30, 300, 0},
	};
}

struct ips_flow_table *ips_flow_table_new(const struct ips_flow_config *cfg, const uint8_t seed[16],
	void (*gone)(struct ips_flow *f, void *arg), void *arg)
{
	const uint32_t *timeouts[CLASSES] = {cfg->tcp_s, cfg->udp_s, cfg->icmp_s, cfg->other_s};
	struct ips_flow_table *t;
	size_t buckets = 16;

	if (cfg->max > FLOWS_MAX)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->cfg = *cfg;
	t->cfg.max = SK_MAX(cfg->max, FLOWS_MIN);
	t->stats.max = t->cfg.max;
	t->gone = gone;
	t->arg = arg;
	t->free = NONE;
	memcpy(&t->sip, seed, sizeof(t->sip));
	while (buckets < t->cfg.max)
		buckets *= 2;
	t->mask = (uint32_t)buckets - 1;
	t->index_mask = (uint32_t)buckets * 2 - 1;
	t->buckets = malloc(buckets * sizeof(*t->buckets));
	t->slots = malloc(t->cfg.max * sizeof(*t->slots));
	t->entries = aligned_alloc(64, t->cfg.max * sizeof(*t->entries));
	if (!t->buckets || !t->slots || !t->entries) {
		ips_flow_table_free(t);
		return NULL;
	}
	memset(t->buckets, 0xff, buckets * sizeof(*t->buckets));
	for (unsigned i = 0; i < LISTS; i++)
		t->lists[i] = (struct list){NONE, NONE, timeouts[i / STATES][i % STATES]};
	return t;
}

void ips_flow_table_free(struct ips_flow_table *t)
{
	if (!t)
		return;
	if (t->entries)
		ips_flow_end_all(t);
	free(t->buckets);
	free(t->slots);
	free(t->entries);
	free(t);
}

static void list_remove(struct ips_flow_table *t, uint32_t i)
{
	struct slot *s = &t->slots[i];
	struct list *l = &t->lists[t->entries[i].list];

	if (s->prev == NONE)
		l->head = s->next;
	else
		t->slots[s->prev].next = s->next;
	if (s->next == NONE)
		l->tail = s->prev;
	else
		t->slots[s->next].prev = s->prev;
}

static uint8_t list_of(const struct entry *e)
{
	return (uint8_t)(e->class * STATES + e->f.state);
}

static void list_append(struct ips_flow_table *t, uint32_t i)
{
	struct entry *e = &t->entries[i];
	struct slot *s = &t->slots[i];
	struct list *l;

	e->list = list_of(e);
	e->moved_s = (uint32_t)(e->f.last_us / SECOND);
	l = &t->lists[e->list];
	s->next = NONE;
	s->prev = l->tail;
	if (l->tail == NONE)
		l->head = i;
	else
		t->slots[l->tail].next = i;
	l->tail = i;
}

static bool timed_out(const struct ips_flow_table *t, const struct entry *e, uint64_t now_us)
{
	return now_us / SECOND > e->f.last_us / SECOND + t->lists[list_of(e)].timeout_s;
}

static void end(struct ips_flow_table *t, uint32_t i)
{
	struct entry *e = &t->entries[i];
	struct slot *s = &t->slots[i];
	uint32_t *link = &t->buckets[s->bucket];

	/* Out of all lists first: whatever the owner does meanwhile cannot end it twice. */
	while ((*link & t->index_mask) != i)
		link = &t->slots[*link & t->index_mask].link;
	*link = s->link;
	list_remove(t, i);
	if (t->gone)
		t->gone(&e->f, t->arg);
	e->f.id = 0;
	s->link = t->free;
	t->free = i;
	t->stats.now--;
}

/*
 * The head of a list that really belongs there; at most *budget misplaced flows are put right.
 * NONE: the list is empty, or the budget used up.
 */
static uint32_t true_head(struct ips_flow_table *t, unsigned list, uint32_t *budget)
{
	while (t->lists[list].head != NONE && *budget > 0) {
		uint32_t i = t->lists[list].head;
		struct entry *e = &t->entries[i];

		if (list_of(e) == list)
			return i;
		--*budget;
		list_remove(t, i);
		list_append(t, i);
	}
	return NONE;
}

/* Of the weakest state that has any, the flow idle longest is given up. */
static void give_up_one(struct ips_flow_table *t)
{
	static const uint8_t order[STATES] = {IPS_FLOW_NEW, IPS_FLOW_CLOSED, IPS_FLOW_ESTABLISHED};

	for (unsigned o = 0; o < STATES; o++) {
		uint32_t oldest = NONE;

		for (unsigned class = 0; class < CLASSES; class ++) {
			/* Each misplaced flow was moved by a packet of its own: paid for. */
			uint32_t budget = t->cfg.max;
			uint32_t i = true_head(t, class * STATES + order[o], &budget);

			if (i != NONE &&
				(oldest == NONE ||
					t->entries[i].f.last_us < t->entries[oldest].f.last_us))
				oldest = i;
		}
		if (oldest != NONE) {
			t->stats.forced[order[o]]++;
			end(t, oldest);
			return;
		}
	}
}

static uint32_t take_slot(struct ips_flow_table *t)
{
	uint32_t i;

	if (t->free == NONE && t->fresh == t->cfg.max)
		give_up_one(t);
	if (t->free != NONE) {
		i = t->free;
		t->free = t->slots[i].link;
		return i;
	}
	return t->fresh < t->cfg.max ? t->fresh++ : NONE;
}

static enum class class_of(uint8_t proto) {
	switch (proto){
		case IPPROTO_TCP : return CLASS_TCP; case IPPROTO_UDP : return CLASS_UDP;
		case IPPROTO_ICMP : case IPPROTO_ICMPV6 : return CLASS_ICMP;
		default : return CLASS_OTHER;
	}
}

static bool same_addr(const struct ips_addr *a, const struct ips_addr *b, uint8_t family)
{
	return family == 4 ? a->w[0] == b->w[0] : memcmp(a, b, sizeof(*a)) == 0;
}

/* Is k's sender f's side d, and its receiver the other one? */
static bool is_side(const struct ips_flow *f, const struct ips_flow_key *k, unsigned d)
{
	return k->port[0] == f->port[d] && k->port[1] == f->port[!d] &&
		same_addr(&k->addr[0], &f->addr[d], k->family) &&
		same_addr(&k->addr[1], &f->addr[!d], k->family);
}

static bool is_flow(const struct ips_flow *f, const struct ips_flow_key *k)
{
	return f->family == k->family && f->proto == k->proto &&
		f->tunnel_depth == k->tunnel_depth && f->vlan[0] == k->vlan[0] &&
		f->vlan[1] == k->vlan[1] && (is_side(f, k, 0) || is_side(f, k, 1));
}

static uint64_t hash_of(const struct ips_flow_table *t, const struct ips_flow_key *k)
{
	return ips_siphash(&t->sip, k->w, k->n);
}

/* The bits above a link's index. */
static uint32_t tag_of(const struct ips_flow_table *t, uint64_t hash)
{
	return (uint32_t)(hash >> 32) & ~t->index_mask;
}

static uint32_t find(const struct ips_flow_table *t, const struct ips_flow_key *k, uint64_t hash)
{
	uint32_t link = t->buckets[hash & t->mask], tag = tag_of(t, hash);

	for (;;) {
		uint32_t i = link & t->index_mask;
		const struct entry *e = &t->entries[i];

		if (i == t->index_mask)
			return NONE;
		if ((link & ~t->index_mask) == tag) {
			__builtin_prefetch((const char *)e + 64);
			if (is_flow(&e->f, k))
				return i;
		}
		link = t->slots[i].link;
	}
}

static uint32_t make(struct ips_flow_table *t, const struct ips_flow_key *k, uint64_t hash,
	const struct ips_packet *p)
{
	uint32_t i = take_slot(t);
	struct slot *s;
	struct entry *e;
	struct ips_flow *f;

	if (i == NONE)
		return NONE;
	s = &t->slots[i];
	e = &t->entries[i];
	f = &e->f;
	memset(e, 0, sizeof(*e));
	/* The slot in the low half finds it again by id, the count makes it unique. */
	f->id = ++t->made << 32 | i;
	memcpy(f->addr, k->addr, sizeof(f->addr));
	memcpy(f->port, k->port, sizeof(f->port));
	memcpy(f->vlan, k->vlan, sizeof(f->vlan));
	f->tunnel_depth = k->tunnel_depth;
	f->family = p->family;
	f->proto = p->proto;
	f->first_us = f->last_us = p->ts_us;
	f->in_dev = p->in_dev;
	f->out_dev = p->out_dev;
	memcpy(f->hw_src, p->hw_src, sizeof(f->hw_src));
	if (p->proto == IPPROTO_TCP)
		f->syn_seq = p->tcp.seq;
	e->class = (uint8_t)class_of(p->proto);
	s->bucket = (uint32_t)hash & t->mask;
	s->link = t->buckets[s->bucket];
	t->buckets[s->bucket] = tag_of(t, hash) | i;
	list_append(t, i);
	t->stats.made++;
	t->stats.now++;
	return i;
}

/* A SYN that does not repeat the one that began f, on a connection that is over. */
static bool is_reuse(const struct ips_flow *f, const struct ips_packet *p, enum ips_dir dir)
{
	const uint8_t mask = IPS_TCP_SYN | IPS_TCP_ACK | IPS_TCP_RST | IPS_TCP_FIN;

	if (f->proto != IPPROTO_TCP || (p->tcp.flags & mask) != IPS_TCP_SYN)
		return false;
	if (!f->tcp)
		return true;
	if (dir == IPS_TOSERVER && (f->flags & IPS_FLOW_TFO_IGNORED))
		return true;
	if (dir == IPS_TOSERVER && p->tcp.seq == f->syn_seq)
		return false;
	return f->flags & IPS_FLOW_TCP_OVER;
}

static void update(struct ips_flow_table *t, uint32_t i, struct ips_packet *p, bool quoted)
{
	struct entry *e = &t->entries[i];
	struct ips_flow *f = &e->f;

	p->flow = f;
	f->pkts[p->dir]++;
	f->bytes[p->dir] += p->frame.len;
	if (p->ts_us > f->last_us)
		f->last_us = p->ts_us;
	if (f->proto == IPPROTO_TCP) {
		if (!quoted)
			f->tcp_flags[p->dir] |= p->tcp.flags;
		if (f->state != IPS_FLOW_NEW)
			p->flags |= IPS_PKT_ESTABLISHED;
	} else {
		if (!quoted)
			f->seen |= (uint8_t)(1 << p->dir);
		if (f->seen == 3) {
			if (f->state == IPS_FLOW_NEW)
				f->state = IPS_FLOW_ESTABLISHED;
			p->flags |= IPS_PKT_ESTABLISHED;
		}
	}
	if (f->last_us / SECOND > e->moved_s || list_of(e) != e->list) {
		list_remove(t, i);
		list_append(t, i);
	}
}

/* An ICMP unreachable message goes to the flow it is about, and to none if that is not known. */
static struct ips_flow *get_quoted(struct ips_flow_table *t, struct ips_packet *p)
{
	struct ips_flow_key k;
	const struct ips_flow *f;
	uint32_t i;

	if (!ips_flow_key_quoted(p, &k))
		return NULL;
	i = find(t, &k, hash_of(t, &k));
	if (i == NONE)
		return NULL;
	f = &t->entries[i].f;
	p->dir = memcmp(&p->src, &f->addr[0], 4) == 0 ? IPS_TOSERVER : IPS_TOCLIENT;
	update(t, i, p, true);
	return p->flow;
}

struct ips_flow *ips_flow_get(struct ips_flow_table *t, struct ips_packet *p)
{
	struct ips_flow_key k;
	uint64_t hash;
	uint32_t i;

	p->flow = NULL;
	p->dir = IPS_TOSERVER;
	if (!ips_flow_key_of(p, &k))
		return get_quoted(t, p);
	hash = hash_of(t, &k);
	i = find(t, &k, hash);
	if (i != NONE) {
		struct entry *e = &t->entries[i];
		bool late = timed_out(t, e, p->ts_us);

		p->dir = is_side(&e->f, &k, 0) ? IPS_TOSERVER : IPS_TOCLIENT;
		if (late || is_reuse(&e->f, p, p->dir)) {
			t->stats.timed_out += late;
			end(t, i);
			p->dir = IPS_TOSERVER;
			i = NONE;
		}
	}
	if (i == NONE)
		i = make(t, &k, hash, p);
	if (i == NONE)
		return NULL;
	update(t, i, p, false);
	return p->flow;
}

void ips_flow_swap(struct ips_flow *f, struct ips_packet *p)
{
	struct ips_addr a = f->addr[0];
	uint16_t port = f->port[0];
	uint64_t pkts = f->pkts[0], bytes = f->bytes[0];
	uint8_t flags = f->tcp_flags[0];

	f->addr[0] = f->addr[1];
	f->addr[1] = a;
	f->port[0] = f->port[1];
	f->port[1] = port;
	f->pkts[0] = f->pkts[1];
	f->pkts[1] = pkts;
	f->bytes[0] = f->bytes[1];
	f->bytes[1] = bytes;
	f->tcp_flags[0] = f->tcp_flags[1];
	f->tcp_flags[1] = flags;
	p->dir = p->dir == IPS_TOSERVER ? IPS_TOCLIENT : IPS_TOSERVER;
}

struct ips_flow *ips_flow_by_id(struct ips_flow_table *t, uint64_t id)
{
	uint32_t i = (uint32_t)id;

	return id && i < t->fresh && t->entries[i].f.id == id ? &t->entries[i].f : NULL;
}

uint32_t ips_flow_expire(struct ips_flow_table *t, uint64_t now_us, uint32_t budget)
{
	uint32_t ended = 0, moves = budget * 4;

	if (now_us < t->expire_at_us && t->expire_at_us - now_us <= EXPIRE_PAUSE_US)
		return 0;
	for (unsigned list = 0; list < LISTS; list++) {
		while (ended < budget) {
			uint32_t i = true_head(t, list, &moves);

			if (i == NONE || !timed_out(t, &t->entries[i], now_us))
				break;
			t->stats.timed_out++;
			end(t, i);
			ended++;
		}
	}
	if (ended < budget && moves > 0)
		t->expire_at_us = now_us + EXPIRE_PAUSE_US;
	return ended;
}

void ips_flow_end_all(struct ips_flow_table *t)
{
	for (uint32_t i = 0; i < t->fresh; i++)
		if (t->entries[i].f.id)
			end(t, i);
}

void ips_flow_each(struct ips_flow_table *t, void (*fn)(struct ips_flow *f, void *arg), void *arg)
{
	for (uint32_t i = 0; i < t->fresh; i++)
		if (t->entries[i].f.id)
			fn(&t->entries[i].f, arg);
}

const struct ips_flow_stats *ips_flow_stats(const struct ips_flow_table *t)
{
	return &t->stats;
}
