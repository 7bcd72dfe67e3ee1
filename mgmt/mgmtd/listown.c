// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What this site needs to work at all: see listown.h. Name servers and routers are asked by the
 * gateway itself, so that no contact of a device tells of them.
 */
#include "mgmt/mgmtd/listown.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/store/changes.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define ROUTES4 "/proc/net/route"
#define ROUTES6 "/proc/net/ipv6_route"
#define LINES_MAX 100000 /* of a table of routes */

struct own {
	struct mg_check_net *nets;
	size_t n;
};

static void add(struct own *o, const char *text, size_t len)
{
	struct mg_check_net *x = &o->nets[o->n];

	if (o->n == MG_LISTS_OWN_MAX)
		return;
	x->kind = memchr(text, ':', len) ? SK_BL_ADDR6 : SK_BL_ADDR4;
	if (sk_bl_range(x->kind, text, len, &x->lo, &x->hi) == 0)
		o->n++;
}

static void add_address(struct own *o, int family, const void *a)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family, a, text, sizeof(text)))
		add(o, text, strlen(text));
}

/* Also the public addresses, which no setting names. */
static void add_interfaces(struct own *o)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		const struct sockaddr *sa = i->ifa_addr;

		if (sa && sa->sa_family == AF_INET)
			add_address(o, AF_INET, &((const struct sockaddr_in *)sa)->sin_addr);
		else if (sa && sa->sa_family == AF_INET6)
			add_address(o, AF_INET6, &((const struct sockaddr_in6 *)sa)->sin6_addr);
	}
	freeifaddrs(all);
}

static void each_line(struct own *o, const char *path, void (*fn)(struct own *o, const char *line))
{
	FILE *f = fopen(path, "re");
	char line[512];

	if (!f)
		return;
	for (int i = 0; i < LINES_MAX && fgets(line, sizeof(line), f); i++)
		fn(o, line);
	fclose(f);
}

/* resolv.conf(5): "nameserver 192.0.2.1", perhaps with a "%interface". */
static void name_server(struct own *o, const char *line)
{
	static const char word[] = "nameserver";
	const char *at = line + sizeof(word) - 1;

	if (strncmp(line, word, sizeof(word) - 1) != 0 || !strchr(" \t", *at))
		return;
	at += strspn(at, " \t");
	add(o, at, strcspn(at, " \t\r\n%"));
}

/* Linux, net/ipv4/fib_trie.c: interface, destination, gateway, …, as words of the machine. */
static void route4(struct own *o, const char *line)
{
	unsigned dst = 0, gateway = 0;

	if (sscanf(line, "%*15s %8x %8x", &dst, &gateway) == 2 && dst == 0 && gateway != 0)
		add_address(o, AF_INET, &gateway);
}

static int nibble(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* net/ipv6/route.c: destination, its length, source, its length, next hop, all in hex. */
static void route6(struct own *o, const char *line)
{
	char dst[33], len[3], hop[33];
	struct in6_addr a;

	if (sscanf(line, "%32s %2s %*32s %*2s %32s", dst, len, hop) != 3 || strcmp(len, "00") ||
		strlen(hop) != 32)
		return;
	for (size_t i = 0; i < sizeof(a.s6_addr); i++) {
		int hi = nibble(hop[2 * i]), lo = nibble(hop[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return;
		a.s6_addr[i] = (uint8_t)(hi << 4 | lo);
	}
	if (!IN6_IS_ADDR_UNSPECIFIED(&a))
		add_address(o, AF_INET6, &a);
}

size_t mg_lists_own(struct mg_store *s, struct mg_check_net nets[MG_LISTS_OWN_MAX])
{
	struct own o = {.nets = nets};
	char home[1024] = "";

	mg_setting_get(s, "ips.home_net", home, sizeof(home));
	for (const char *at = home; *at;) {
		size_t n = strcspn(at, ",");

		add(&o, at, n);
		at += n + (at[n] == ',');
	}
	add_interfaces(&o);
	each_line(&o, RESOLV_CONF, name_server);
	each_line(&o, ROUTES4, route4);
	each_line(&o, ROUTES6, route6);
	return o.n;
}
