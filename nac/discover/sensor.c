/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sensor's networks in one epoll descriptor: opened as their interfaces appear, read in turn,
 * ticked; the journal written before anything is forged. See sensor.h.
 */
#include "nac/discover/sensor.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "nac/discover/journal.h"
#include "nac/discover/net.h"
#include "nac/observe/oui.h"

enum {
	NETS_MAX = 64,
	EVENTS = 32,
	BUSY_MS = 50,
	IDLE_MS = 250,
	FAREWELL_MS = 500,
	OUI_FILE_MAX = 16 << 20,
};

struct nac_sensor {
	struct nac_sensor_config cfg;
	char *journal;
	struct nac_oui *oui;
	struct nac_net *nets[NETS_MAX];
	size_t n;
	json_t *owed; /* journal entries of networks that are not there */
	int epoll, timer;
	bool journal_new; /* differs for another reason than isolation's own */
	int64_t journal_us;
	uint8_t seed[16];
};

/* ---- vendors ---- */

static void load_vendors(struct nac_sensor *s, const char *dir)
{
	static const char *const files[] = {"oui.csv", "mam.csv", "oui36.csv", "iab.csv"};
	char path[512];

	for (size_t i = 0; i < SK_ARRAY_SIZE(files); i++) {
		struct sk_buf b;

		sk_buf_init(&b, OUI_FILE_MAX);
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		if (sk_file_read(path, &b, NULL) == 0)
			nac_oui_add_csv(s->oui, sk_buf_str(&b), b.len);
		sk_buf_done(&b);
	}
	nac_oui_seal(s->oui);
}

const char *nac_sensor_vendor(const struct nac_sensor *s, const struct nac_mac *mac)
{
	return nac_oui_find(s->oui, mac);
}

/* ---- life ---- */

static void set_timer(struct nac_sensor *s, unsigned ms)
{
	struct itimerspec t = {.it_value = {.tv_nsec = ms * 1000000L}};

	timerfd_settime(s->timer, 0, &t, NULL);
}

static int set_up(struct nac_sensor *s, struct sk_err *err)
{
	struct epoll_event ev = {.events = EPOLLIN};

	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (s->epoll < 0 || s->timer < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->timer, &ev) < 0)
		return sk_err_en(err, -errno, NULL, "epoll: %s", strerror(errno));
	set_timer(s, 1);
	return 0;
}

static int read_journal(struct nac_sensor *s, struct sk_err *err)
{
	struct nac_event ev = {.kind = NAC_EV_CAPTURE};
	struct sk_err why = {.code = 0};

	if (s->journal)
		s->owed = nac_journal_read(s->journal, &why);
	else
		s->owed = json_object();
	if (!s->owed && why.code != -ENOMEM) {
		/* A journal that cannot be read takes nothing back; it must not stop the rest. */
		snprintf(ev.text, sizeof(ev.text), "journal: %.180s", why.en);
		ev.ts_us = sk_now_us();
		s->cfg.event(s->cfg.arg, "", &ev);
		s->owed = json_object();
	}
	return s->owed ? 0 : sk_err_nomem(err);
}

int nac_sensor_new(const struct nac_sensor_config *cfg, struct nac_sensor **ret, struct sk_err *err)
{
	struct nac_sensor *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	if (!s)
		return sk_err_nomem(err);
	s->epoll = s->timer = -1;
	s->cfg = *cfg;
	s->cfg.observe_s = cfg->observe_s ? cfg->observe_s : 3600;
	s->cfg.settle_ms = cfg->settle_ms ? cfg->settle_ms : 3000;
	s->cfg.max_isolated = cfg->max_isolated ? cfg->max_isolated : 16;
	s->cfg.sampled = cfg->sampled ? cfg->sampled : 64;
	if (sodium_init() < 0 || (s->cfg.sampled & (s->cfg.sampled - 1))) {
		nac_sensor_free(s);
		return sk_err_en(err, -EINVAL, "sampled", "not a power of 2");
	}
	randombytes_buf(s->seed, sizeof(s->seed));
	s->oui = nac_oui_new();
	s->journal = cfg->journal ? strdup(cfg->journal) : NULL;
	if (s->oui && (s->journal || !cfg->journal))
		r = set_up(s, err);
	else
		sk_err_nomem(err);
	if (r == 0)
		r = read_journal(s, err);
	if (r < 0) {
		nac_sensor_free(s);
		return r;
	}
	load_vendors(s, cfg->oui_dir ? cfg->oui_dir : "/usr/share/ieee-data");
	*ret = s;
	return 0;
}

static void write_journal(struct nac_sensor *s)
{
	struct nac_event ev = {.kind = NAC_EV_CAPTURE, .ts_us = sk_now_us()};
	struct sk_err err = {.code = 0};

	s->journal_us = (int64_t)sk_mono_us();
	if (s->journal && nac_journal_write(s->journal, s->nets, s->n, s->owed, &err) < 0) {
		/* Nothing new is forged until it can be written. */
		snprintf(ev.text, sizeof(ev.text), "journal: %.180s", err.en);
		s->cfg.event(s->cfg.arg, "", &ev);
		return;
	}
	s->journal_new = false;
	for (size_t i = 0; i < s->n; i++) {
		nac_iso_journaled(s->nets[i]->iso);
		s->nets[i]->roles_new = false;
	}
}

/* The truth, within half a second, whatever it takes. */
static void farewell(struct nac_sensor *s)
{
	int64_t end = (int64_t)sk_mono_us() + FAREWELL_MS * 1000, now;
	bool owed = false;

	for (size_t i = 0; i < s->n; i++)
		nac_net_leave(s->nets[i]);
	do {
		owed = false;
		now = (int64_t)sk_mono_us();
		for (size_t i = 0; i < s->n; i++) {
			if (!s->nets[i]->cap)
				continue;
			nac_iso_tick(s->nets[i]->iso, now);
			owed = owed || nac_iso_restoring(s->nets[i]->iso);
		}
		if (owed)
			usleep(20000);
	} while (owed && now < end);
}

void nac_sensor_free(struct nac_sensor *s)
{
	int64_t since[NETS_MAX];

	if (!s)
		return;
	/* How long a network has been observed outlives this process. */
	for (size_t i = 0; i < s->n; i++)
		since[i] = s->nets[i]->observed_since;
	farewell(s);
	for (size_t i = 0; i < s->n; i++)
		s->nets[i]->observed_since = since[i];
	if (s->owed && s->n > 0)
		write_journal(s);
	for (size_t i = 0; i < s->n; i++)
		nac_net_free(s->nets[i]);
	if (s->epoll >= 0)
		close(s->epoll);
	if (s->timer >= 0)
		close(s->timer);
	nac_oui_free(s->oui);
	json_decref(s->owed);
	free(s->journal);
	free(s);
}

/* ---- networks ---- */

static struct nac_net *net_of(const struct nac_sensor *s, const char *ifname)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->nets[i]->ifname, ifname) == 0)
			return s->nets[i];
	}
	return NULL;
}

static bool wanted(const char *ifname, const struct nac_sensor_net *nets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(nets[i].ifname, ifname) == 0)
			return true;
	}
	return false;
}

/* All the new ones, or none. */
static int make_nets(struct nac_sensor *s, const struct nac_sensor_net *nets, size_t n,
	struct nac_net **fresh, struct sk_err *err)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < n; i++) {
		fresh[i] = NULL;
		if (wanted(nets[i].ifname, nets, i))
			ret = sk_err_set(err, -EINVAL, "interface", "named twice: %s",
				"2回指定されています: %s", nets[i].ifname);
		else if (!net_of(s, nets[i].ifname))
			ret = nac_net_new(&s->cfg, nets[i].ifname, s->seed, &fresh[i], err);
		if (ret < 0) {
			for (size_t k = 0; k <= i; k++)
				nac_net_free(fresh[k]);
		}
	}
	return ret;
}

/* Networks that are in the journal and in no list: what was done there is taken back all the same.
 */
static void take_up_owed(struct nac_sensor *s)
{
	const char *key;
	void *next;
	json_t *v;

	json_object_foreach_safe(s->owed, next, key, v)
	{
		struct nac_net *net = NULL;
		json_t *iso = json_object_get(v, "iso");

		if (json_array_size(json_object_get(iso, "targets")) == 0) {
			json_object_del(s->owed, key);
			s->journal_new = true;
		} else if (s->n < NETS_MAX && nac_net_new(&s->cfg, key, s->seed, &net, NULL) == 0) {
			nac_journal_take(s->owed, net);
			nac_net_leave(net);
			s->nets[s->n++] = net;
		}
	}
}

int nac_sensor_networks(
	struct nac_sensor *s, const struct nac_sensor_net *nets, size_t n, struct sk_err *err)
{
	struct nac_net *fresh[NETS_MAX], *net;
	int ret;

	if (n > NETS_MAX / 2)
		return sk_err_set(err, -EINVAL, "networks", "at most %d networks",
			"ネットワークは%d個までです", NETS_MAX / 2);
	ret = make_nets(s, nets, n, fresh, err);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < s->n; i++) {
		if (!wanted(s->nets[i]->ifname, nets, n))
			nac_net_leave(s->nets[i]);
	}
	for (size_t i = 0; i < n; i++) {
		net = fresh[i] ? fresh[i] : net_of(s, nets[i].ifname);
		if (fresh[i] && s->n == NETS_MAX) {
			nac_net_free(fresh[i]);
			ret = -ENOSPC;
			continue;
		}
		if (fresh[i]) {
			nac_journal_take(s->owed, net);
			s->nets[s->n++] = net;
		}
		if (nac_net_configure(net, &nets[i]) < 0)
			ret = -ENOMEM;
	}
	take_up_owed(s);
	s->journal_new = true;
	set_timer(s, 1);
	return ret < 0 ? sk_err_nomem(err) : 0;
}

/* Networks nobody wants any more, once the truth is told or their interface is gone. */
static void drop_left(struct nac_sensor *s)
{
	for (size_t i = 0; i < s->n;) {
		struct nac_net *n = s->nets[i];

		if (!n->leaving || nac_iso_restoring(n->iso) || n->recover) {
			i++;
			continue;
		}
		if (n->cap)
			epoll_ctl(s->epoll, EPOLL_CTL_DEL, nac_capture_fd(n->cap), NULL);
		nac_net_free(n);
		s->nets[i] = s->nets[--s->n];
		s->journal_new = true;
	}
}

/* ---- running ---- */

int nac_sensor_fd(const struct nac_sensor *s)
{
	return s->epoll;
}

static void open_net(struct nac_sensor *s, struct nac_net *n, int64_t mono)
{
	struct epoll_event ev = {.events = EPOLLIN, .data = {.ptr = n}};
	int fd = nac_net_open(n, mono);

	if (fd >= 0 && epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		nac_net_close(n, "epoll", mono);
}

static void read_net(struct nac_sensor *s, struct nac_net *n, int64_t mono)
{
	if (!n->cap || nac_net_read(n) >= 0)
		return;
	epoll_ctl(s->epoll, EPOLL_CTL_DEL, nac_capture_fd(n->cap), NULL);
	nac_net_close(n, "the interface is gone or down", mono);
}

static void ticks(struct nac_sensor *s, int64_t mono)
{
	bool busy = false, due = s->journal_new;
	uint64_t n;

	if (read(s->timer, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return;
	for (size_t i = 0; i < s->n; i++) {
		/* libpcap takes an interface that goes for one that is down, if it looks while it
		 * goes; nothing wakes us a second time. */
		read_net(s, s->nets[i], mono);
		open_net(s, s->nets[i], mono);
		nac_net_tick(s->nets[i], mono);
		busy = busy || nac_net_busy(s->nets[i]);
		due = due || nac_net_journal_due(s->nets[i]);
	}
	drop_left(s);
	/* A burst of new neighbours costs one write in a while, not one each. */
	if (due && mono - s->journal_us >= INT64_C(200000))
		write_journal(s);
	set_timer(s, busy ? BUSY_MS : IDLE_MS);
}

void nac_sensor_run(struct nac_sensor *s)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(s->epoll, ev, EVENTS, 0);
	int64_t mono = (int64_t)sk_mono_us();
	bool timer = false;

	for (int i = 0; i < n; i++) {
		if (ev[i].data.ptr)
			read_net(s, ev[i].data.ptr, mono);
		else
			timer = true;
	}
	if (timer)
		ticks(s, mono);
}

void nac_sensor_recheck(struct nac_sensor *s, const struct nac_mac *mac)
{
	int64_t mono = (int64_t)sk_mono_us();

	for (size_t i = 0; i < s->n; i++)
		nac_net_judge(s->nets[i], mac, mono);
	set_timer(s, 1);
}

const struct nac_device *nac_sensor_device(
	const struct nac_sensor *s, const char *ifname, const struct nac_mac *mac)
{
	const struct nac_net *n = net_of(s, ifname);

	return n ? nac_watch_device(n->watch, mac) : NULL;
}

struct walk {
	void (*fn)(const char *ifname, const struct nac_device *d, bool isolated, void *arg);
	void *arg;
	const struct nac_net *n;
};

static void walk_one(const struct nac_device *d, void *arg)
{
	const struct walk *w = arg;

	w->fn(w->n->ifname, d, nac_iso_is_target(w->n->iso, &d->mac), w->arg);
}

void nac_sensor_walk(const struct nac_sensor *s,
	void (*fn)(const char *ifname, const struct nac_device *d, bool isolated, void *arg),
	void *arg)
{
	for (size_t i = 0; i < s->n; i++) {
		struct walk w = {fn, arg, s->nets[i]};

		if (!s->nets[i]->leaving)
			nac_watch_walk(s->nets[i]->watch, walk_one, &w);
	}
}

void nac_sensor_stats(const struct nac_sensor *s, struct nac_sensor_stats *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < s->n; i++) {
		const struct nac_net *n = s->nets[i];
		struct nac_watch_stats w;

		nac_watch_stats(n->watch, &w);
		ret->frames += w.frames;
		ret->malformed += w.malformed;
		ret->flooded += w.flooded;
		ret->devices += w.devices;
		ret->forged += nac_iso_sent(n->iso);
		ret->isolated += nac_iso_targets(n->iso);
		ret->dropped += n->dropped_before + (n->cap ? nac_capture_dropped(n->cap) : 0);
		ret->networks += !n->leaving;
		ret->up += n->cap != NULL;
	}
}

const char *const *nac_sensor_syscalls(void)
{
	/* libpcap: a ring to map, options of its socket, the interface's flags. */
	static const char *const calls[] = {"socket", "bind", "setsockopt", "getsockopt",
		"getsockname", "mmap", "munmap", "ioctl", "poll", "ppoll", "sendto", "sendmsg",
		"recvfrom", "recvmsg", "send", "access", "faccessat", "faccessat2", "readlink",
		"readlinkat", "timerfd_create", "timerfd_settime", "clock_nanosleep", "nanosleep",
		NULL};

	return calls;
}
