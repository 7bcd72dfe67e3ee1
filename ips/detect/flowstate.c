/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bits and variables of one flow: a short chain of (number, value) slots from a pool that is one
 * worker's own, so no lock. Most flows have none; a flow has no more slots than names exist.
 */
#include <stdlib.h>
#include <string.h>

#include "ips/detect/state.h"

#define SLOTS 6

struct ips_det_slots {
	struct ips_det_slots *next;
	struct {
		uint32_t id, value; /* id 0: free */
	} slot[SLOTS];
};

/* A free struct ips_det_flow is chained through run. */
struct ips_det_flow_pool {
	struct ips_det_flow *flows, *free_flows;
	struct ips_det_slots *slots, *free_slots;
	uint32_t max, fresh_flows, fresh_slots;
	uint64_t full;
};

struct ips_det_flow_pool *ips_det_flow_pool_new(uint32_t max)
{
	struct ips_det_flow_pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->max = max ? max : 1;
	p->flows = calloc(p->max, sizeof(*p->flows));
	p->slots = calloc(p->max, sizeof(*p->slots));
	if (!p->flows || !p->slots) {
		ips_det_flow_pool_free(p);
		return NULL;
	}
	return p;
}

void ips_det_flow_pool_free(struct ips_det_flow_pool *p)
{
	if (!p)
		return;
	free(p->flows);
	free(p->slots);
	free(p);
}

uint64_t ips_det_flow_pool_full(const struct ips_det_flow_pool *p)
{
	return p->full;
}

void ips_det_flow_pool_gone(struct ips_det_flow_pool *p, struct ips_flow *f)
{
	struct ips_det_flow *d = f->det;
	struct ips_det_slots *s;

	if (!d)
		return;
	f->det = NULL;
	while ((s = d->slots)) {
		d->slots = s->next;
		s->next = p->free_slots;
		p->free_slots = s;
	}
	d->run = p->free_flows;
	p->free_flows = d;
}

struct ips_det_flow *ips_det_flow(struct ips_det_flow_pool *p, struct ips_flow *f)
{
	struct ips_det_flow *d = f->det;

	if (d || !p)
		return d;
	if (p->free_flows) {
		d = p->free_flows;
		p->free_flows = d->run;
	} else if (p->fresh_flows < p->max) {
		d = &p->flows[p->fresh_flows++];
	} else {
		p->full++;
		return NULL;
	}
	memset(d, 0, sizeof(*d));
	f->det = d;
	return d;
}

static uint32_t *find(const struct ips_flow *f, uint32_t id)
{
	struct ips_det_slots *s;

	if (!f || !f->det || !id)
		return NULL;
	for (s = f->det->slots; s; s = s->next)
		for (unsigned i = 0; i < SLOTS; i++)
			if (s->slot[i].id == id)
				return &s->slot[i].value;
	return NULL;
}

static struct ips_det_slots *more(struct ips_det_flow_pool *p, struct ips_det_flow *d)
{
	struct ips_det_slots *s = p->free_slots;

	if (s)
		p->free_slots = s->next;
	else if (p->fresh_slots < p->max)
		s = &p->slots[p->fresh_slots++];
	else
		return NULL;
	memset(s, 0, sizeof(*s));
	s->next = d->slots;
	d->slots = s;
	return s;
}

static bool put(struct ips_det_flow_pool *p, struct ips_flow *f, uint32_t id, uint32_t value)
{
	uint32_t *at = find(f, id);
	struct ips_det_flow *d;
	struct ips_det_slots *s;

	if (at) {
		*at = value;
		return true;
	}
	if (!f || !p || !id)
		return false;
	d = ips_det_flow(p, f);
	if (!d)
		return false;
	for (s = d->slots; s; s = s->next)
		for (unsigned i = 0; i < SLOTS; i++)
			if (!s->slot[i].id) {
				s->slot[i].id = id;
				s->slot[i].value = value;
				return true;
			}
	s = more(p, d);
	if (!s) {
		p->full++;
		return false;
	}
	s->slot[0].id = id;
	s->slot[0].value = value;
	return true;
}

bool ips_flowbit_get(const struct ips_flow *f, uint32_t id)
{
	return find(f, id) != NULL;
}

bool ips_flowbit_set(struct ips_det_flow_pool *p, struct ips_flow *f, uint32_t id, bool on)
{
	struct ips_det_slots *s;

	if (on)
		return put(p, f, id, 1);
	if (!f || !f->det || !id)
		return true;
	for (s = f->det->slots; s; s = s->next)
		for (unsigned i = 0; i < SLOTS; i++)
			if (s->slot[i].id == id)
				s->slot[i].id = 0;
	return true;
}

bool ips_flowint_get(const struct ips_flow *f, uint32_t id, uint32_t *ret)
{
	const uint32_t *v = find(f, id);

	if (v)
		*ret = *v;
	return v;
}

bool ips_flowint_put(struct ips_det_flow_pool *p, struct ips_flow *f, uint32_t id, uint32_t v)
{
	return put(p, f, id, v);
}
