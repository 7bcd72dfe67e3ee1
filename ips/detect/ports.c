/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classes of ports: the ports most rules ask for get a class, and so a pattern database, of their
 * own; ports with the same rules share one, and all the rest go into class 0. Keeps the number of
 * databases small whatever the rules ask for.
 */
#include <errno.h>
#include <string.h>

#include "ips/detect/group.h"
#include "lib/util.h"

#define TRY_MAX 512 /* busiest ports considered for a class */
#define OWN_MIN 4   /* rules a port needs for a class of its own */

uint32_t ips_port_set_size(const struct ips_port_set *s)
{
	uint32_t n = 0;

	if (s->any)
		return 65536;
	for (uint32_t i = 0; i < s->n; i++)
		n += (uint32_t)s->r[i].hi - s->r[i].lo + 1;
	return n;
}

static bool uses(const struct ips_port_user *u, uint16_t port)
{
	return ips_port_set_has(u->a, port) || (u->b && ips_port_set_has(u->b, port));
}

static void count_set(int32_t *delta, const struct ips_port_set *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		delta[s->r[i].lo]++;
		delta[s->r[i].hi + 1]--;
	}
}

struct busy {
	uint16_t port;
	int32_t count;
};

static int by_count(const void *a, const void *b)
{
	const struct busy *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return (int)x->port - (int)y->port;
}

/* Ports with rules, busiest first; every one of them starts in class 0. */
static int rank_ports(
	const struct ips_port_user *users, size_t n, uint8_t *map, struct busy **ret, size_t *ret_n)
{
	int32_t *delta = calloc(65537, sizeof(*delta));
	struct busy *v = calloc(65536, sizeof(*v));
	int32_t now = 0;
	size_t k = 0;

	if (!delta || !v) {
		free(delta);
		free(v);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		count_set(delta, users[i].a);
		if (users[i].b)
			count_set(delta, users[i].b);
	}
	for (uint32_t port = 0; port < 65536; port++) {
		now += delta[port];
		if (now <= 0)
			continue;
		map[port] = 1;
		v[k++] = (struct busy){(uint16_t)port, now};
	}
	free(delta);
	qsort(v, k, sizeof(*v), by_count);
	*ret = v;
	*ret_n = k;
	return 0;
}

/* The class with exactly the rules of this port, or a new one; 0 if there is no room. */
static unsigned class_of(const struct ips_port_user *users, size_t n, uint16_t port,
	unsigned *classes, uint32_t *member)
{
	unsigned k = *classes;

	for (unsigned c = 1; c < *classes; c++) {
		size_t i = 0;

		while (i < n && uses(&users[i], port) == (member[i] >> c & 1))
			i++;
		if (i == n)
			return c;
	}
	if (k == IPS_PORT_CLASSES)
		return 0;
	(*classes)++;
	for (size_t i = 0; i < n; i++) {
		if (uses(&users[i], port))
			member[i] |= 1u << k;
	}
	return k;
}

/* Does any port of the set belong to class 0? */
static bool in_rest(const struct ips_port_set *s, const uint8_t *map)
{
	for (uint32_t i = 0; i < s->n; i++) {
		for (uint32_t port = s->r[i].lo; port <= s->r[i].hi; port++) {
			if (map[port] == 1)
				return true;
		}
	}
	return false;
}

int ips_ports_map(
	const struct ips_port_user *users, size_t n, uint8_t **ret_map, uint32_t *ret_member)
{
	unsigned classes = 1;
	struct busy *v = NULL;
	uint8_t *map;
	size_t k = 0;
	int err;

	if (n == 0)
		return 0;
	map = calloc(65536, 1);
	if (!map)
		return -ENOMEM;
	err = rank_ports(users, n, map, &v, &k);
	if (err) {
		free(map);
		return err;
	}
	for (size_t i = 0; i < k && i < TRY_MAX && v[i].count >= OWN_MIN; i++)
		map[v[i].port] = (uint8_t)(class_of(users, n, v[i].port, &classes, ret_member) + 1);
	for (size_t i = 0; i < n; i++) {
		if (in_rest(users[i].a, map) || (users[i].b && in_rest(users[i].b, map)))
			ret_member[i] |= 1;
	}
	free(v);
	*ret_map = map;
	return 0;
}
