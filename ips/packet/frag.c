/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Putting IP fragments together. Trackers (one a datagram), pieces and the blocks their bytes are
 * in come from pools of fixed size; the tracker that waits longest gives way to a new one. Where
 * bytes overlap, either a Windows receiver's choice is made (what came first stays, unless a
 * fragment begins before and ends after it), or, when refusing, the datagram is given up for good.
 */
#include "ips/packet/frag.h"

#include <stdlib.h>

#include "ips/packet/csum.h"
#include "lib/table.h"
#include "lib/util.h"

#define NONE UINT32_MAX
#define DATAGRAM_MAX 65535u
#define BLOCK 512u
#define HEAD_MAX 1024u   /* headers before the fragmentable part */
#define PIECES_MAX 2048u /* of one datagram */
#define OUT_SIZE (DATAGRAM_MAX + HEAD_MAX)
#define OUT_MAX 4u       /* datagrams completed within one frame (tunnels) */
#define EXPIRE_AT_ONCE 4 /* trackers looked at for each fragment */

struct key {
	struct ips_addr src, dst;
	uint32_t id;
	uint16_t vlan[2];
	uint8_t family, proto, depth, pad;
};

struct piece {
	uint32_t next;  /* by offset, then by arrival; or in the free list */
	uint32_t block; /* the first; head, then data */
	uint32_t offset, len;
	uint16_t head_len; /* only of a fragment at offset 0 */
	bool more;
};

struct tracker {
	struct key key;
	uint64_t last_us;
	struct tracker *older, *newer; /* by last_us */
	uint32_t first, tail;          /* pieces */
	uint32_t n, end;               /* pieces, highest byte so far */
	uint32_t last_end;             /* where the last fragment ended, once seen_last */
	bool seen_last;
	bool dead; /* refused: nothing of it is ever put together */
};

struct ips_frags {
	struct sk_table *table; /* key → struct tracker */
	struct tracker *oldest, *newest;
	struct piece *pieces;
	uint8_t *blocks;
	uint32_t *block_next;
	uint32_t free_piece, free_block, n;
	uint8_t *out; /* OUT_MAX times OUT_SIZE */
	uint32_t out_n;
	uint64_t timeout_us;
	bool refuse;
	struct ips_decoder_stats *stats;
};

/* ---- pools ---- */

static void pools_fill(struct ips_frags *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		s->pieces[i].next = i + 1 < s->n ? i + 1 : NONE;
		s->block_next[i] = i + 1 < s->n ? i + 1 : NONE;
	}
	s->free_piece = s->free_block = s->n ? 0 : NONE;
}

struct ips_frags *ips_frags_new(const struct ips_decoder_config *cfg, const uint8_t seed[16],
	struct ips_decoder_stats *stats)
{
	struct ips_frags *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->stats = stats;
	s->refuse = cfg->frag_refuse;
	s->timeout_us = cfg->frag_timeout_s * 1000000ull;
	s->n = cfg->frag_bytes / (BLOCK + sizeof(struct piece) + sizeof(uint32_t));
	s->table = sk_table_new(
		SK_MAX(cfg->frag_trackers, 1u), sizeof(struct key), sizeof(struct tracker), seed);
	s->pieces = calloc(s->n + 1, sizeof(*s->pieces));
	s->block_next = calloc(s->n + 1, sizeof(*s->block_next));
	s->blocks = calloc(s->n + 1, BLOCK);
	s->out = malloc(OUT_MAX * OUT_SIZE);
	if (!s->table || !s->pieces || !s->block_next || !s->blocks || !s->out) {
		ips_frags_free(s);
		return NULL;
	}
	pools_fill(s);
	return s;
}

void ips_frags_free(struct ips_frags *s)
{
	if (!s)
		return;
	sk_table_free(s->table);
	free(s->pieces);
	free(s->block_next);
	free(s->blocks);
	free(s->out);
	free(s);
}

void ips_frags_frame(struct ips_frags *s)
{
	s->out_n = 0;
}

static uint8_t *block_at(const struct ips_frags *s, uint32_t i)
{
	return s->blocks + (size_t)i * BLOCK;
}

static void blocks_free(struct ips_frags *s, uint32_t first)
{
	while (first != NONE) {
		uint32_t next = s->block_next[first];

		s->block_next[first] = s->free_block;
		s->free_block = first;
		first = next;
	}
}

static void piece_free(struct ips_frags *s, uint32_t i)
{
	blocks_free(s, s->pieces[i].block);
	s->pieces[i].next = s->free_piece;
	s->free_piece = i;
}

/* Room for bytes, as a chain; NONE: not enough blocks (then none is taken). */
static uint32_t blocks_take(struct ips_frags *s, uint32_t bytes)
{
	uint32_t want = bytes ? (bytes + BLOCK - 1) / BLOCK : 1, first = s->free_block, last;

	if (first == NONE)
		return NONE;
	last = first;
	while (--want) {
		last = s->block_next[last];
		if (last == NONE)
			return NONE;
	}
	s->free_block = s->block_next[last];
	s->block_next[last] = NONE;
	return first;
}

/* A place in a chain of blocks. */
struct place {
	uint32_t block, at;
};

static void place_skip(const struct ips_frags *s, struct place *w, uint32_t n)
{
	for (w->at += n; w->at >= BLOCK && s->block_next[w->block] != NONE; w->at -= BLOCK)
		w->block = s->block_next[w->block];
}

/* How much can be handled in one go of n bytes from w on; *ret is there. */
static uint32_t place_run(
	const struct ips_frags *s, const struct place *w, uint32_t n, uint8_t **ret)
{
	*ret = block_at(s, w->block) + w->at;
	return SK_MIN(n, BLOCK - w->at);
}

static void put(struct ips_frags *s, struct place *w, struct ips_view v)
{
	while (v.len) {
		uint8_t *to;
		uint32_t n = place_run(s, w, v.len, &to);

		memcpy(to, ips_take(&v, n), n);
		place_skip(s, w, n);
	}
}

static void get(const struct ips_frags *s, struct place w, uint8_t *to, uint32_t len)
{
	while (len) {
		uint8_t *from;
		uint32_t n = place_run(s, &w, len, &from);

		memcpy(to, from, n);
		to += n;
		len -= n;
		place_skip(s, &w, n);
	}
}

static bool equal(const struct ips_frags *s, struct place w, struct ips_view v)
{
	while (v.len) {
		uint8_t *from;
		uint32_t n = place_run(s, &w, v.len, &from);

		if (memcmp(from, ips_take(&v, n), n) != 0)
			return false;
		place_skip(s, &w, n);
	}
	return true;
}

/* ---- trackers ---- */

static void pieces_drop(struct ips_frags *s, struct tracker *t)
{
	while (t->first != NONE) {
		uint32_t next = s->pieces[t->first].next;

		piece_free(s, t->first);
		t->first = next;
	}
	t->tail = NONE;
	t->n = t->end = 0;
}

static void unlink_age(struct ips_frags *s, struct tracker *t)
{
	if (t->older)
		t->older->newer = t->newer;
	else
		s->oldest = t->newer;
	if (t->newer)
		t->newer->older = t->older;
	else
		s->newest = t->older;
	t->older = t->newer = NULL;
}

static void link_newest(struct ips_frags *s, struct tracker *t)
{
	t->older = s->newest;
	t->newer = NULL;
	if (s->newest)
		s->newest->newer = t;
	else
		s->oldest = t;
	s->newest = t;
}

static void tracker_drop(struct ips_frags *s, struct tracker *t)
{
	struct key key = t->key;

	pieces_drop(s, t);
	unlink_age(s, t);
	sk_table_del(s->table, &key);
	s->stats->frag_now--;
}

static bool timed_out(const struct ips_frags *s, const struct tracker *t, uint64_t now_us)
{
	return now_us > t->last_us && now_us - t->last_us > s->timeout_us;
}

static void expire(struct ips_frags *s, uint64_t now_us)
{
	for (int i = 0; i < EXPIRE_AT_ONCE && s->oldest; i++) {
		if (!timed_out(s, s->oldest, now_us))
			return;
		tracker_drop(s, s->oldest);
		s->stats->frag_timeouts++;
	}
}

static struct tracker *tracker_of(
	struct ips_frags *s, const struct ips_packet *p, const struct ips_fragment *f)
{
	struct key key = {
		.src = p->src,
		.dst = p->dst,
		.id = f->id,
		.vlan = {p->vlan[0], p->vlan[1]},
		.family = p->family,
		/* IPv6 fragments belong together whatever they say comes next: RFC 8200, 4.5 */
		.proto = p->family == 4 ? p->proto : 0,
		.depth = p->tunnel_depth,
	};
	struct tracker *t = sk_table_get(s->table, &key);

	if (t && timed_out(s, t, p->ts_us)) {
		tracker_drop(s, t);
		s->stats->frag_timeouts++;
		t = NULL;
	}
	if (t) {
		unlink_age(s, t);
	} else {
		t = sk_table_put(s->table, &key);
		if (!t) { /* full */
			s->stats->frag_no_memory++;
			tracker_drop(s, s->oldest);
			t = sk_table_put(s->table, &key);
		}
		t->key = key;
		t->first = t->tail = NONE;
		s->stats->frag_now++;
	}
	t->last_us = p->ts_us;
	link_newest(s, t);
	return t;
}

/* ---- overlaps ---- */

enum fit {
	FIT_INSERT, /* what is left of the fragment */
	FIT_DROP,   /* nothing new in it */
	FIT_REFUSE, /* other bytes at the same place */
};

/* The piece before i (NONE: the last one); NONE if i is the first. */
static uint32_t piece_before(const struct ips_frags *s, const struct tracker *t, uint32_t i)
{
	uint32_t prev = NONE;

	for (uint32_t at = t->first; at != i && at != NONE; at = s->pieces[at].next)
		prev = at;
	return prev;
}

static void piece_remove(struct ips_frags *s, struct tracker *t, uint32_t i)
{
	uint32_t prev = piece_before(s, t, i), next = s->pieces[i].next;

	if (prev == NONE)
		t->first = next;
	else
		s->pieces[prev].next = next;
	if (t->tail == i)
		t->tail = prev;
	t->n--;
	piece_free(s, i);
}

/* Whether the bytes that f and the piece have in common are the same. */
static bool same_bytes(
	const struct ips_frags *s, const struct piece *q, uint32_t offset, struct ips_view data)
{
	uint32_t from = SK_MAX(q->offset, offset);
	uint32_t to = SK_MIN(q->offset + q->len, offset + data.len);
	struct place w = {q->block, 0};

	place_skip(s, &w, q->head_len + (from - q->offset));
	return equal(s, w, (struct ips_view){data.data + (from - offset), to - from});
}

/* One older piece against the new fragment of [*offset, *offset + data->len). */
static enum fit fit_windows(struct ips_frags *s, struct tracker *t, uint32_t i, uint32_t *offset,
	struct ips_view *data, bool *ret_done)
{
	const struct piece *q = &s->pieces[i];
	uint32_t end = *offset + data->len, q_end = q->offset + q->len;

	if (*offset >= q->offset && end <= q_end)
		return FIT_DROP;
	if (*offset < q->offset && end > q_end) {
		piece_remove(s, t, i);
		*ret_done = true;
	} else if (*offset >= q->offset && *offset < q_end) {
		ips_take(data, q_end - *offset);
		*offset = q_end;
		*ret_done = true;
	}
	return FIT_INSERT;
}

/* Where to begin: with the last piece that begins before offset, if any begins after it. */
static uint32_t first_to_look_at(
	const struct ips_frags *s, const struct tracker *t, uint32_t offset)
{
	uint32_t prev = NONE;

	for (uint32_t i = t->first; i != NONE; i = s->pieces[i].next) {
		if (s->pieces[i].offset >= offset)
			return prev == NONE ? i : prev;
		prev = i;
	}
	return t->first;
}

static enum fit fit(struct ips_frags *s, struct tracker *t, uint32_t *offset, struct ips_view *data,
	bool *ret_overlap)
{
	uint32_t at = *offset, end = *offset + data->len, next;
	bool done = false;

	if (at >= t->end) /* in order: nothing to compare with */
		return FIT_INSERT;
	for (uint32_t i = first_to_look_at(s, t, at); i != NONE; i = next) {
		const struct piece *q = &s->pieces[i];
		enum fit r;

		next = q->next;
		*ret_overlap |= at < q->offset + q->len && q->offset < end;
		r = fit_windows(s, t, i, offset, data, &done);
		if (r != FIT_INSERT || done)
			return r;
	}
	return FIT_INSERT;
}

/*
 * The same where nothing may be read in two ways: neither bytes nor where the datagram ends, and no
 * fragment but the last may have a length that is not a multiple of 8 (receivers cut, or discard).
 */
static enum fit fit_strict(const struct ips_frags *s, const struct tracker *t, uint32_t at,
	struct ips_view data, bool more)
{
	uint32_t end = at + data.len;
	bool within = false;

	if (more ? t->seen_last && end > t->last_end : t->end > end)
		return FIT_REFUSE;
	if ((!more && t->seen_last && end != t->last_end) || (more && data.len % 8))
		return FIT_REFUSE;
	if (at >= t->end)
		return FIT_INSERT;
	for (uint32_t i = t->first; i != NONE; i = s->pieces[i].next) {
		const struct piece *q = &s->pieces[i];

		if (at >= q->offset + q->len || q->offset >= end)
			continue;
		if (!same_bytes(s, q, at, data))
			return FIT_REFUSE;
		within |= at >= q->offset && end <= q->offset + q->len;
	}
	return within ? FIT_DROP : FIT_INSERT;
}

/* ---- one fragment in ---- */

/* Behind all pieces that begin at or before offset. */
static void piece_link(struct ips_frags *s, struct tracker *t, uint32_t i)
{
	struct piece *q = &s->pieces[i];
	uint32_t prev = t->tail;

	if (prev != NONE && s->pieces[prev].offset > q->offset) {
		prev = NONE;
		for (uint32_t at = t->first; s->pieces[at].offset <= q->offset;
			at = s->pieces[at].next)
			prev = at;
	}
	if (prev == NONE) {
		q->next = t->first;
		t->first = i;
	} else {
		q->next = s->pieces[prev].next;
		s->pieces[prev].next = i;
	}
	if (q->next == NONE)
		t->tail = i;
	t->n++;
	t->end = SK_MAX(t->end, q->offset + q->len);
}

/* false: without memory */
static bool piece_add(struct ips_frags *s, struct tracker *t, const struct ips_fragment *f,
	uint32_t offset, struct ips_view data)
{
	struct ips_view head = offset == 0 ? f->head : (struct ips_view){0};
	uint32_t i = s->free_piece, block;
	struct place w;

	if (i == NONE)
		return false;
	block = blocks_take(s, head.len + data.len);
	if (block == NONE)
		return false;
	s->free_piece = s->pieces[i].next;
	s->pieces[i] = (struct piece){
		.next = NONE,
		.block = block,
		.offset = offset,
		.len = data.len,
		.head_len = (uint16_t)head.len,
		.more = f->more,
	};
	w = (struct place){block, 0};
	put(s, &w, head);
	put(s, &w, data);
	if (head.len && f->next_at < head.len && t->key.family == 6) {
		w = (struct place){block, 0};
		place_skip(s, &w, f->next_at);
		block_at(s, w.block)[w.at] = f->next;
	}
	piece_link(s, t, i);
	if (!f->more) {
		t->seen_last = true;
		t->last_end = offset + data.len;
	}
	return true;
}

/* ---- the datagram out ---- */

static bool complete(const struct ips_frags *s, const struct tracker *t)
{
	uint32_t end = 0;

	if (!t->seen_last)
		return false;
	for (uint32_t i = t->first; i != NONE; i = s->pieces[i].next) {
		const struct piece *q = &s->pieces[i];

		if (q->offset > end)
			return false;
		end = SK_MAX(end, q->offset + q->len);
	}
	return end > 0;
}

/* Later pieces over earlier ones, up to the one that ends the datagram. Returns how many bytes. */
static uint32_t copy_out(const struct ips_frags *s, const struct tracker *t, uint8_t *to)
{
	uint32_t len = 0, before = 0;
	bool more = true;

	for (uint32_t i = t->first; i != NONE; i = s->pieces[i].next) {
		const struct piece *q = &s->pieces[i];
		struct place w = {q->block, 0};

		if (!more && q->offset > before)
			break;
		place_skip(s, &w, q->head_len);
		get(s, w, to + q->offset, q->len);
		len = SK_MAX(len, q->offset + q->len);
		more = q->more;
		before = q->offset;
	}
	return len;
}

static void mend_header(uint8_t *h, uint8_t family, uint32_t head_len, uint32_t len)
{
	uint16_t total = (uint16_t)(family == 4 ? head_len + len : head_len - 40 + len), sum;
	uint8_t *field = family == 4 ? h + 2 : h + 4;

	field[0] = (uint8_t)(total >> 8);
	field[1] = (uint8_t)total;
	if (family != 4)
		return;
	memset(h + 6, 0, 2);
	memset(h + 10, 0, 2);
	sum = ips_csum_end(ips_csum_add(0, h, head_len));
	h[10] = (uint8_t)(sum >> 8);
	h[11] = (uint8_t)sum;
}

static void assemble(struct ips_frags *s, const struct tracker *t, struct ips_view *ret)
{
	const struct piece *q = &s->pieces[t->first];
	uint8_t *out = s->out + (size_t)s->out_n * OUT_SIZE;
	uint32_t len;

	get(s, (struct place){q->block, 0}, out, q->head_len);
	len = copy_out(s, t, out + q->head_len);
	mend_header(out, t->key.family, q->head_len, len);
	*ret = (struct ips_view){out, q->head_len + len};
	s->out_n++;
}

/* ---- */

static void event(struct ips_packet *p, enum ips_event v4, enum ips_event v6)
{
	ips_event_set(&p->events, p->family == 4 ? v4 : v6);
}

static bool refuse(struct ips_frags *s, struct ips_packet *p, struct tracker *t)
{
	pieces_drop(s, t);
	t->dead = true;
	s->stats->frag_refused++;
	p->flags |= IPS_PKT_INVALID;
	event(p, IPS_EV_IPV4_FRAG_OVERLAP, IPS_EV_IPV6_FRAG_OVERLAP);
	return false;
}

static bool too_large(struct ips_packet *p)
{
	event(p, IPS_EV_IPV4_FRAG_PKT_TOO_LARGE, IPS_EV_IPV6_FRAG_PKT_TOO_LARGE);
	return false;
}

static bool ignore(struct ips_frags *s, struct ips_packet *p)
{
	s->stats->frag_no_memory++;
	event(p, IPS_EV_IPV4_FRAG_IGNORED, IPS_EV_IPV6_FRAG_IGNORED);
	return false;
}

/* IPv4's length has the header in it, IPv6's only what follows the 40 bytes. */
static bool within_length_field(const struct ips_frags *s, const struct tracker *t)
{
	uint32_t head = s->pieces[t->first].head_len;

	return head - (t->key.family == 4 ? 0 : 40) + t->end <= DATAGRAM_MAX;
}

/* The tracker has all it needs: out with the datagram. */
static bool finish(
	struct ips_frags *s, struct ips_packet *p, struct tracker *t, struct ips_view *ret)
{
	bool fits = within_length_field(s, t);
	bool done = fits && s->out_n < OUT_MAX;

	if (done)
		assemble(s, t, ret);
	tracker_drop(s, t);
	if (!fits)
		return too_large(p);
	if (!done)
		return ignore(s, p);
	s->stats->reassembled++;
	return true;
}

bool ips_frags_add(struct ips_frags *s, struct ips_packet *p, const struct ips_fragment *f,
	struct ips_view *ret)
{
	uint32_t offset = f->offset, head_min = p->family == 4 ? 20 : 0;
	struct ips_view data = f->data;
	bool overlap = false;
	struct tracker *t;
	enum fit r;

	s->stats->fragments++;
	expire(s, p->ts_us);
	if (head_min + offset + data.len > DATAGRAM_MAX)
		return too_large(p);
	t = tracker_of(s, p, f);
	if (t->dead)
		return refuse(s, p, t);
	if (s->refuse)
		r = fit_strict(s, t, offset, data, f->more);
	else
		r = fit(s, t, &offset, &data, &overlap);
	if (r == FIT_REFUSE)
		return refuse(s, p, t);
	if (overlap)
		event(p, IPS_EV_IPV4_FRAG_OVERLAP, IPS_EV_IPV6_FRAG_OVERLAP);
	if (r == FIT_DROP || data.len == 0)
		return false;
	if (t->n == PIECES_MAX || f->head.len > HEAD_MAX)
		return ignore(s, p);
	while (!piece_add(s, t, f, offset, data)) {
		if (s->oldest == t)
			return ignore(s, p);
		s->stats->frag_no_memory++;
		tracker_drop(s, s->oldest);
	}
	return complete(s, t) && finish(s, p, t, ret);
}
