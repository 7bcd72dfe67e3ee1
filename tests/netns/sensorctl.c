/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sensor alone, for the network tests: networks on the command line, who is admitted by
 * standard input, events and devices as JSON lines.
 *
 *   sensorctl [-j JOURNAL] [-o OBSERVE_S] [-s SETTLE_MS] [-r FRAMES_PER_S] [-x MAX_ISOLATED]
 *             [-d undecided|unadmitted] IFACE,off|observe|on[,dhcp=ADDR|MAC][,router=MAC]...
 *
 * Commands: admit|unadmit|infra MAC, mode IFACE off|observe|on, forget IFACE, list, stats, quit.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "nac/discover/sensor.h"

enum { NETS = 8, LIST = 8, KNOWN = 6000 };

struct net {
	char name[16];
	enum nac_isolation_mode mode;
	struct nac_ip ips[LIST];
	struct nac_mac macs[LIST], routers[LIST];
	size_t ip_n, mac_n, router_n;
	bool gone;
};

struct known {
	struct nac_mac mac;
	enum nac_standing st;
};

static struct net nets[NETS];
static size_t net_n;
static struct known known[KNOWN];
static size_t known_n;
static enum nac_standing default_standing = NAC_STANDING_UNADMITTED;
static volatile sig_atomic_t ended;

static void on_signal(int sig)
{
	ended = sig;
}

/* The next word of s, or of what *save left; the text is cut up. */
static char *next_word(char *s, const char *sep, char **save)
{
	char *word = s ? s : *save;

	word += strspn(word, sep);
	*save = word;
	if (!*word)
		return NULL;
	*save = word + strcspn(word, sep);
	if (**save)
		*(*save)++ = '\0';
	return word;
}

static void set_str(json_t *o, const char *key, const char *s)
{
	if (s && *s)
		json_object_set_new(o, key, json_string(s));
}

static void set_mac(json_t *o, const char *key, const struct nac_mac *m)
{
	char text[NAC_MAC_TEXT];

	if (!nac_mac_is_zero(m))
		set_str(o, key, nac_mac_format(m, text));
}

static void print(json_t *o)
{
	struct sk_buf b;

	sk_buf_init(&b, 1 << 20);
	sk_json_put(&b, o);
	printf("%s\n", sk_buf_str(&b));
	fflush(stdout);
	sk_buf_done(&b);
	json_decref(o);
}

static void put_device(json_t *o, const struct nac_sensor *s, const struct nac_device *d)
{
	json_t *addrs = json_array();
	char text[NAC_IP_TEXT];

	for (int i = 0; i < NAC_DEVICE_ADDRS; i++) {
		if (d->addrs[i].ip.family)
			json_array_append_new(
				addrs, json_string(nac_ip_format(&d->addrs[i].ip, text)));
	}
	json_object_set_new(o, "addresses", addrs);
	json_object_set_new(o, "roles", json_integer(d->roles));
	json_object_set_new(o, "vlan", json_integer(d->vlan));
	json_object_set_new(o, "randomised", json_boolean(nac_mac_is_randomised(&d->mac)));
	json_object_set_new(o, "print", nac_print_to_json(&d->print));
	set_str(o, "model", d->model);
	if (s)
		set_str(o, "vendor", nac_sensor_vendor(s, &d->mac));
}

static void on_event(void *arg, const char *ifname, const struct nac_event *ev)
{
	struct nac_sensor **s = arg;
	json_t *o = json_object();
	char text[NAC_IP_TEXT];

	json_object_set_new(o, "event", json_string(nac_ev_name(ev->kind)));
	json_object_set_new(o, "ts", json_integer(sk_now_us()));
	json_object_set_new(o, "seen", json_integer(ev->ts_us));
	set_str(o, "interface", ifname);
	set_mac(o, "mac", &ev->mac);
	set_mac(o, "other", &ev->other);
	set_str(o, "ip", nac_ip_format(&ev->ip, text));
	set_str(o, "text", ev->text);
	if (ev->count)
		json_object_set_new(o, "count", json_integer((json_int_t)ev->count));
	if (ev->device)
		put_device(o, *s, ev->device);
	print(o);
}

static enum nac_standing on_standing(void *arg, const char *ifname, const struct nac_device *d)
{
	for (size_t i = 0; i < known_n; i++) {
		if (nac_mac_equal(&known[i].mac, &d->mac))
			return known[i].st;
	}
	return default_standing;
}

static void usage(void)
{
	fprintf(stderr, "sensorctl: see the head of its source\n");
	exit(2);
}

static enum nac_isolation_mode mode_of(const char *s)
{
	if (strcmp(s, "on") == 0)
		return NAC_ISOLATION_ON;
	return strcmp(s, "observe") == 0 ? NAC_ISOLATION_OBSERVE : NAC_ISOLATION_OFF;
}

static void parse_net(char *text)
{
	struct net *n = &nets[net_n++];
	char *save, *word = next_word(text, ",", &save);

	if (net_n > NETS || !word)
		usage();
	snprintf(n->name, sizeof(n->name), "%s", word);
	while ((word = next_word(NULL, ",", &save))) {
		if (strncmp(word, "dhcp=", 5) == 0 && n->ip_n < LIST && n->mac_n < LIST) {
			if (nac_ip_parse(word + 5, &n->ips[n->ip_n]) == 0)
				n->ip_n++;
			else if (nac_mac_parse(word + 5, &n->macs[n->mac_n]) == 0)
				n->mac_n++;
			else
				usage();
		} else if (strncmp(word, "router=", 7) == 0 && n->router_n < LIST) {
			if (nac_mac_parse(word + 7, &n->routers[n->router_n++]) < 0)
				usage();
		} else {
			n->mode = mode_of(word);
		}
	}
}

static void apply(struct nac_sensor *s)
{
	struct nac_sensor_net list[NETS];
	struct sk_err err = {.code = 0};
	size_t k = 0;

	for (size_t i = 0; i < net_n; i++) {
		struct net *n = &nets[i];

		if (!n->gone)
			list[k++] = (struct nac_sensor_net){n->name, n->mode, n->ips, n->ip_n,
				n->macs, n->mac_n, n->routers, n->router_n};
	}
	if (nac_sensor_networks(s, list, k, &err) < 0)
		fprintf(stderr, "networks: %s\n", err.en);
}

static void list_one(const char *ifname, const struct nac_device *d, bool isolated, void *arg)
{
	json_t *o = json_object();

	json_object_set_new(o, "device", json_string(ifname));
	set_mac(o, "mac", &d->mac);
	json_object_set_new(o, "isolated", json_boolean(isolated));
	put_device(o, arg, d);
	print(o);
}

static void print_stats(struct nac_sensor *s)
{
	struct nac_sensor_stats st;
	struct rusage u;

	nac_sensor_stats(s, &st);
	getrusage(RUSAGE_SELF, &u);
	print(json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "stats", (json_int_t)st.frames,
		"dropped", (json_int_t)st.dropped, "malformed", (json_int_t)st.malformed, "flooded",
		(json_int_t)st.flooded, "forged", (json_int_t)st.forged, "up", (json_int_t)st.up,
		"devices", (json_int_t)st.devices, "isolated", (json_int_t)st.isolated, "cpu_us",
		(json_int_t)(u.ru_utime.tv_sec * 1000000 + u.ru_utime.tv_usec +
			u.ru_stime.tv_sec * 1000000 + u.ru_stime.tv_usec),
		"rss_kb", (json_int_t)u.ru_maxrss));
}

static void standing(struct nac_sensor *s, const char *mac, enum nac_standing st)
{
	struct known k = {.st = st};
	size_t i = 0;

	if (nac_mac_parse(mac, &k.mac) < 0 || known_n == KNOWN)
		return;
	while (i < known_n && !nac_mac_equal(&known[i].mac, &k.mac))
		i++;
	known[i] = k;
	known_n += i == known_n;
	nac_sensor_recheck(s, &k.mac);
}

static void command(struct nac_sensor *s, char *line)
{
	char *save, *verb = next_word(line, " \n", &save), *a = next_word(NULL, " \n", &save);
	char *b = next_word(NULL, " \n", &save);

	if (!verb)
		return;
	if (strcmp(verb, "admit") == 0 && a)
		standing(s, a, NAC_STANDING_ADMITTED);
	else if (strcmp(verb, "unadmit") == 0 && a)
		standing(s, a, NAC_STANDING_UNADMITTED);
	else if (strcmp(verb, "infra") == 0 && a)
		standing(s, a, NAC_STANDING_INFRASTRUCTURE);
	else if (strcmp(verb, "list") == 0)
		nac_sensor_walk(s, list_one, s);
	else if (strcmp(verb, "stats") == 0)
		print_stats(s);
	else if (strcmp(verb, "quit") == 0)
		ended = 1;
	for (size_t i = 0; a && i < net_n; i++) {
		if (strcmp(nets[i].name, a) != 0)
			continue;
		if (strcmp(verb, "mode") == 0 && b)
			nets[i].mode = mode_of(b);
		else if (strcmp(verb, "forget") == 0)
			nets[i].gone = true;
		apply(s);
	}
}

/* Whole lines only: each write of the tests is one or several. */
static void commands(struct nac_sensor *s)
{
	char buf[65536], *save;
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf) - 1);

	if (n <= 0) {
		ended = 1;
		return;
	}
	buf[n] = '\0';
	for (char *line = next_word(buf, "\n", &save); line; line = next_word(NULL, "\n", &save))
		command(s, line);
}

static void options(struct nac_sensor_config *cfg, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "j:o:s:r:x:d:n:")) >= 0) {
		uint64_t v = 0;

		if (opt != 'j' && opt != 'd' && sk_parse_u64(optarg, UINT32_MAX, &v) < 0)
			usage();
		switch (opt) {
		case 'j': cfg->journal = optarg; break;
		case 'o': cfg->observe_s = (uint32_t)v; break;
		case 's': cfg->settle_ms = (uint32_t)v; break;
		case 'r': cfg->frames_per_s = (uint32_t)v; break;
		case 'x': cfg->max_isolated = (uint32_t)v; break;
		case 'n': cfg->sampled = (uint32_t)v; break;
		case 'd':
			if (strcmp(optarg, "undecided") == 0)
				default_standing = NAC_STANDING_UNDECIDED;
			break;
		default: usage();
		}
	}
	for (int i = optind; i < argc; i++)
		parse_net(argv[i]);
}

int main(int argc, char **argv)
{
	struct nac_sensor *s = NULL;
	struct nac_sensor_config cfg = {.arg = &s, .event = on_event, .standing = on_standing};
	struct epoll_event ev = {.events = EPOLLIN, .data = {.fd = STDIN_FILENO}};
	struct sk_err err = {.code = 0};
	int ep = epoll_create1(0);

	signal(SIGTERM, on_signal);
	options(&cfg, argc, argv);
	if (nac_sensor_new(&cfg, &s, &err) < 0) {
		fprintf(stderr, "sensor: %s\n", err.en);
		return 1;
	}
	apply(s);
	epoll_ctl(ep, EPOLL_CTL_ADD, STDIN_FILENO, &ev);
	ev.data.fd = nac_sensor_fd(s);
	epoll_ctl(ep, EPOLL_CTL_ADD, ev.data.fd, &ev);
	while (!ended) {
		if (epoll_wait(ep, &ev, 1, 1000) <= 0)
			continue;
		if (ev.data.fd == STDIN_FILENO)
			commands(s);
		else
			nac_sensor_run(s);
	}
	nac_sensor_free(s);
	return 0;
}
