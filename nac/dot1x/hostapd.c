/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One port's hostapd: a small machine of off, starting and running. The log is read before any
 * success is believed, and once more before what was asked about it is used: what has begun since
 * voids it (see parse.h).
 */
#include "nac/dot1x/hostapd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"
#include "nac/dot1x/ctrl.h"
#include "nac/dot1x/exchange.h"
#include "nac/dot1x/launcher.h"

#define POLL_US 20000         /* while its socket is not there yet */
#define START_US 10000000     /* from its start to its first answer */
#define BACKOFF_MIN_US 200000 /* between an end and the next start */
#define BACKOFF_MAX_US 10000000
#define SOUND_US 30000000 /* ran so long: the next end is a new matter */
#define PING_US 5000000
#define ASKING_MAX 512
#define PIPE_BYTES (1 << 20)

enum { EAP_TLS = 13, EAP_TTLS = 21, EAP_PEAP = 25 };

struct nac_hostapd {
	sd_event *ev;
	char port[NAC_LAUNCHER_PORT];
	char dir[64], control[64];
	bool shared; /* hostapd is another user */
	int launcher;
	const struct nac_hostapd_ops *ops;
	void *arg;
	bool on, present, radius;
	enum nac_hostapd_state state;
	pid_t pid;
	bool launched; /* the launcher has it, alive or being started */
	bool stopping; /* told to end it */
	uint64_t since_us, backoff_us;
	unsigned restarts;
	struct nac_ctrl *ctrl;
	int log_fd;
	sd_event_source *log_io, *timer, *ping;
	struct nac_hostapd_log log;
	struct nac_exchanges *exchanges;
	struct nac_hostapd_radius counters;
	unsigned asking;
};

static void arm(struct nac_hostapd *h, uint64_t us)
{
	sd_event_source_set_time_relative(h->timer, us);
	sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

/* ---- the log ----------------------------------------------------------------------------------
 */

static void on_line(const struct nac_hostapd_line *l, void *arg)
{
	struct nac_hostapd *h = arg;
	char text[256];

	if (l->word == NAC_HL_TEXT) {
		sk_log(LOG_DEBUG, "hostapd %s: %s", h->port,
			sk_escape(text, sizeof(text), l->name, strlen(l->name)));
		return;
	}
	nac_exchanges_line(h->exchanges, l, (int64_t)sk_mono_us());
}

static void drain_log(struct nac_hostapd *h)
{
	char p[65536];
	ssize_t n;

	while (h->log_fd >= 0 && (n = read(h->log_fd, p, sizeof(p))) > 0)
		nac_hostapd_log_feed(&h->log, p, (size_t)n);
}

static int on_log(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	drain_log(arg);
	return 0;
}

/*
 * Opened for writing too, so that it is never at its end between two hostapd processes; made anew
 * each time, so that nothing of the last one is left in it.
 */
static int open_log(struct nac_hostapd *h)
{
	char path[128];
	int r;

	h->log_io = sd_event_source_disable_unref(h->log_io);
	sk_closep(&h->log_fd);
	h->log_fd = -1;
	h->log.len = 0;
	h->log.skip = h->log.has_mac = false;
	snprintf(path, sizeof(path), "%s/%s.log", h->dir, h->port);
	if ((unlink(path) < 0 && errno != ENOENT) || mkfifo(path, 0600) < 0)
		return -errno;
	h->log_fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (h->log_fd < 0 || (h->shared && fchmod(h->log_fd, 0622) < 0))
		return -errno;
	fcntl(h->log_fd, F_SETPIPE_SZ, PIPE_BYTES);
	r = sd_event_add_io(h->ev, &h->log_io, h->log_fd, EPOLLIN, on_log, h);
	return r < 0 ? r : 0;
}

/* ---- proofs -----------------------------------------------------------------------------------
 */

struct question {
	struct nac_hostapd *h;
	struct nac_mac mac;
};

static const char *method_word(unsigned type)
{
	return type == EAP_TLS ? "tls" : type == EAP_PEAP ? "peap" : type == EAP_TTLS ? "ttls" : "";
}

/* What the built-in server proved is in the log; false: no certificate where there must be one. */
static bool from_exchange(const struct nac_exchange *x, struct nac_proof *p)
{
	p->method = method_word(x->method);
	if (!x->has_cert)
		return x->method == EAP_PEAP || x->method == EAP_TTLS;
	if (x->method != EAP_TLS || !x->name || !x->serial)
		return false;
	if (strcmp(p->identity, x->name) != 0)
		snprintf(p->claimed, sizeof(p->claimed), "%s", p->identity);
	snprintf(p->identity, sizeof(p->identity), "%s", x->name);
	snprintf(p->serial, sizeof(p->serial), "%s", x->serial);
	return true;
}

static void on_sta(const char *text, size_t n, void *arg)
{
	struct question *q = arg;
	struct nac_hostapd *h = q->h;
	struct nac_proof p = {.mac = q->mac, .method = "radius"};
	const struct nac_exchange *x;
	struct nac_hostapd_sta sta;

	free(q);
	h->asking--;
	if (!text || nac_hostapd_sta_parse(text, n, &sta) < 0 || !nac_mac_equal(&sta.mac, &p.mac))
		return;
	drain_log(h);
	x = nac_exchanges_get(h->exchanges, &p.mac);
	if (!x || !x->proven)
		return;
	snprintf(p.identity, sizeof(p.identity), "%s", sta.identity);
	if (!h->radius && !from_exchange(x, &p))
		p.identity[0] = '\0';
	h->ops->proved(h->port, &p, h->arg);
}

static void command(struct nac_hostapd *h, nac_ctrl_answer *fn, void *arg, const char *fmt,
	const struct nac_mac *mac)
{
	char text[96], addr[NAC_MAC_TEXT];

	if (!h->ctrl || h->state != NAC_HOSTAPD_RUNNING) {
		if (fn)
			fn(NULL, 0, arg);
		return;
	}
	snprintf(text, sizeof(text), fmt, mac ? nac_mac_format(mac, addr) : "");
	if (nac_ctrl_send(h->ctrl, text, fn, arg) < 0 && fn)
		fn(NULL, 0, arg);
}

static void ask(struct nac_hostapd *h, const struct nac_mac *mac)
{
	struct question *q;

	if (h->asking >= ASKING_MAX)
		return;
	q = calloc(1, sizeof(*q));
	if (!q)
		return;
	*q = (struct question){.h = h, .mac = *mac};
	h->asking++;
	command(h, on_sta, q, "STA %s", mac);
}

static void on_event(const char *p, size_t n, void *arg)
{
	struct nac_hostapd *h = arg;
	struct nac_mac mac;
	enum nac_hostapd_event ev = nac_hostapd_event_parse(p, n, &mac);
	const struct nac_exchange *x;

	switch (ev) {
	case NAC_HE_SUCCESS:
		drain_log(h);
		ask(h, &mac);
		break;
	case NAC_HE_DISCONNECTED:
		drain_log(h);
		x = nac_exchanges_get(h->exchanges, &mac);
		if (x && x->logoff)
			ev = NAC_HE_LOGOFF;
		h->ops->event(h->port, ev, &mac, h->arg);
		break;
	case NAC_HE_STARTED:
	case NAC_HE_FAILURE:
	case NAC_HE_TIMEOUT: h->ops->event(h->port, ev, &mac, h->arg); break;
	default: break;
	}
}

/* ---- the process ------------------------------------------------------------------------------
 */

static void close_ctrl(struct nac_hostapd *h)
{
	struct nac_ctrl *c = h->ctrl;

	h->ctrl = NULL;
	nac_ctrl_close(c);
	sd_event_source_set_enabled(h->ping, SD_EVENT_OFF);
}

static void stop(struct nac_hostapd *h)
{
	if (h->launched && !h->stopping) {
		h->stopping = true;
		nac_launcher_send(h->launcher, NAC_LAUNCH_STOP, h->port);
	}
}

static void on_lost(void *arg)
{
	struct nac_hostapd *h = arg;

	sk_log(LOG_WARNING, "hostapd on %s does not answer: starting it anew", h->port);
	/* Not closed here: we are called from within it. */
	stop(h);
}

static const struct nac_ctrl_ops ctrl_ops = {.event = on_event, .lost = on_lost};

static void on_pong(const char *p, size_t n, void *arg)
{
	struct nac_hostapd *h = arg;

	if (!p || h->state == NAC_HOSTAPD_RUNNING)
		return;
	h->state = NAC_HOSTAPD_RUNNING;
	h->since_us = sk_mono_us();
	sk_log(LOG_INFO, "hostapd on %s runs, pid %d", h->port, (int)h->pid);
	h->ops->ready(h->port, h->arg);
}

static void attach(struct nac_hostapd *h)
{
	const struct nac_ctrl_where where = {h->dir, h->control, h->port, h->shared};
	uint64_t now = sk_mono_us();

	if (nac_ctrl_open(&h->ctrl, h->ev, &where, &ctrl_ops, h) == 0) {
		nac_ctrl_send(h->ctrl, "PING", on_pong, h);
		sd_event_source_set_time_relative(h->ping, PING_US);
		sd_event_source_set_enabled(h->ping, SD_EVENT_ON);
		return;
	}
	if (now - h->since_us > START_US) {
		sk_log(LOG_WARNING, "hostapd on %s opens no control socket", h->port);
		stop(h);
		return;
	}
	arm(h, POLL_US);
}

static void begin(struct nac_hostapd *h)
{
	struct sk_err err = {0};
	char path[128];
	int r = h->ops->configure(h->port, &err, h->arg);

	snprintf(path, sizeof(path), "%s/%s", h->control, h->port);
	if (r == 0)
		unlink(path); /* a socket left over would be taken for the new one */
	if (r == 0)
		r = open_log(h);
	if (r == 0)
		r = nac_launcher_send(h->launcher, NAC_LAUNCH_START, h->port);
	if (r < 0) {
		sk_log(LOG_ERR, "hostapd on %s cannot be started: %s", h->port,
			err.code ? err.en : strerror(-r));
		arm(h, BACKOFF_MAX_US);
		return;
	}
	h->launched = true;
	h->stopping = false;
	h->state = NAC_HOSTAPD_STARTING;
	h->since_us = sk_mono_us();
}

static int on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
	struct nac_hostapd *h = arg;

	if (h->launched && h->pid > 0 && !h->ctrl && !h->stopping)
		attach(h);
	else if (!h->launched && h->on && h->present)
		begin(h);
	return 0;
}

static void on_mib(const char *p, size_t n, void *arg)
{
	struct nac_hostapd *h = arg;

	if (p)
		nac_hostapd_radius_parse(p, n, &h->counters);
}

static int on_ping(sd_event_source *s, uint64_t usec, void *arg)
{
	struct nac_hostapd *h = arg;

	if (h->ctrl && nac_ctrl_waiting(h->ctrl) == 0)
		nac_ctrl_send(h->ctrl, h->radius ? "MIB" : "PING", h->radius ? on_mib : on_pong, h);
	sd_event_source_set_time_relative(s, PING_US);
	return 0;
}

void nac_hostapd_launched(struct nac_hostapd *h, int word, int value)
{
	bool ran = h->state == NAC_HOSTAPD_RUNNING;

	if (word == NAC_LAUNCH_STARTED && value > 0) {
		h->pid = value;
		arm(h, POLL_US);
		return;
	}
	if (word == NAC_LAUNCH_STARTED)
		sk_log(LOG_ERR, "hostapd on %s: %s", h->port, strerror(-value));
	else if (!h->stopping)
		sk_log(LOG_WARNING, "hostapd on %s ended (status %d)", h->port, value);
	drain_log(h);
	close_ctrl(h);
	h->pid = 0;
	h->launched = false;
	h->state = NAC_HOSTAPD_OFF;
	if (!h->stopping) {
		bool sound = ran && sk_mono_us() - h->since_us > SOUND_US;

		h->restarts++;
		h->backoff_us = sound ? BACKOFF_MIN_US
				      : SK_MIN(2 * h->backoff_us, (uint64_t)BACKOFF_MAX_US);
	} else {
		h->backoff_us = BACKOFF_MIN_US;
	}
	h->stopping = false;
	if (ran)
		h->ops->down(h->port, h->arg);
	if (h->on && h->present)
		arm(h, h->backoff_us / 2);
}

void nac_hostapd_set(struct nac_hostapd *h, bool on)
{
	if (h->on == on)
		return;
	h->on = on;
	if (!on)
		stop(h);
	else if (!h->launched && h->present)
		arm(h, 0);
}

void nac_hostapd_use_radius(struct nac_hostapd *h, bool radius)
{
	h->radius = radius;
	h->counters = (struct nac_hostapd_radius){0};
}

void nac_hostapd_restart(struct nac_hostapd *h)
{
	if (h->launched)
		stop(h);
	else if (h->on && h->present)
		arm(h, 0);
}

void nac_hostapd_interface(struct nac_hostapd *h, bool present)
{
	if (h->present == present)
		return;
	h->present = present;
	if (!present)
		stop(h);
	else if (h->on && !h->launched)
		arm(h, 0);
}

enum nac_hostapd_state nac_hostapd_state(const struct nac_hostapd *h)
{
	return h->state;
}

pid_t nac_hostapd_pid(const struct nac_hostapd *h)
{
	return h->pid;
}

unsigned nac_hostapd_restarts(const struct nac_hostapd *h)
{
	return h->restarts;
}

const struct nac_hostapd_radius *nac_hostapd_radius(const struct nac_hostapd *h)
{
	return &h->counters;
}

/* ---- commands ---------------------------------------------------------------------------------
 */

void nac_hostapd_prompt(struct nac_hostapd *h, const struct nac_mac *mac)
{
	command(h, NULL, NULL, "NEW_STA %s", mac);
}

void nac_hostapd_reauth(struct nac_hostapd *h, const struct nac_mac *mac)
{
	command(h, NULL, NULL, "EAPOL_REAUTH %s", mac);
}

void nac_hostapd_deny(struct nac_hostapd *h, const struct nac_mac *mac)
{
	command(h, NULL, NULL, "EAPOL_SET %s AdminControlledPortControl ForceUnauthorized", mac);
	nac_hostapd_forget(h, mac);
}

void nac_hostapd_forget(struct nac_hostapd *h, const struct nac_mac *mac)
{
	nac_exchanges_drop(h->exchanges, mac);
	command(h, NULL, NULL, "DEAUTHENTICATE %s", mac);
}

/* ---- life -------------------------------------------------------------------------------------
 */

void nac_hostapd_share(struct nac_hostapd *h, const char *control_dir)
{
	h->shared = true;
	snprintf(h->control, sizeof(h->control), "%s", control_dir);
}

int nac_hostapd_new(struct nac_hostapd **ret, sd_event *ev, const char *port, const char *dir,
	int launcher_fd, const struct nac_hostapd_ops *ops, void *arg, struct sk_err *err)
{
	struct nac_hostapd *h = calloc(1, sizeof(*h));
	uint8_t seed[16];
	int r;

	if (!h)
		return sk_err_nomem(err);
	h->ev = sd_event_ref(ev);
	h->launcher = launcher_fd;
	h->ops = ops;
	h->arg = arg;
	h->log_fd = -1;
	h->backoff_us = BACKOFF_MIN_US;
	h->log.fn = on_line;
	h->log.arg = h;
	snprintf(h->port, sizeof(h->port), "%s", port);
	snprintf(h->dir, sizeof(h->dir), "%s", dir);
	snprintf(h->control, sizeof(h->control), "%s", dir);
	r = getrandom(seed, sizeof(seed), 0) == sizeof(seed) ? 0 : -EIO;
	if (r == 0) {
		h->exchanges = nac_exchanges_new(seed);
		r = h->exchanges ? 0 : -ENOMEM;
	}
	if (r == 0)
		r = sd_event_add_time(ev, &h->timer, CLOCK_MONOTONIC, UINT64_MAX, 0, on_timer, h);
	if (r >= 0)
		r = sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(
			ev, &h->ping, CLOCK_MONOTONIC, UINT64_MAX, 100000, on_ping, h);
	if (r >= 0)
		r = sd_event_source_set_enabled(h->ping, SD_EVENT_OFF);
	if (r < 0) {
		nac_hostapd_free(h);
		return sk_err_en(err, r, NULL, "hostapd on %s: %s", port, strerror(-r));
	}
	*ret = h;
	return 0;
}

void nac_hostapd_free(struct nac_hostapd *h)
{
	if (!h)
		return;
	h->on = false;
	stop(h);
	close_ctrl(h);
	sd_event_source_disable_unref(h->log_io);
	sd_event_source_disable_unref(h->timer);
	sd_event_source_disable_unref(h->ping);
	sk_closep(&h->log_fd);
	nac_exchanges_free(h->exchanges);
	sd_event_unref(h->ev);
	free(h);
}
