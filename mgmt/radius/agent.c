// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The agent: one UDP socket, a table of requests in flight and a queue behind it. A packet that is
 * sent again is the same packet, so that the switch knows it (RFC 5176, 2.3).
 */
#include "mgmt/radius/agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/radius/secrets.h"

#define SLOTS 4096      /* requests, waiting ones included */
#define FLYING 128      /* so that no id is used twice at a time */
#define FLYING_EACH 16  /* to one switch: one that is dead delays only its own */
#define TRIES 5         /* 0, 1, 3, 7 and 15 s after the first; given up at 31 s */
#define WAIT_US 1000000 /* after the first, then doubled */
#define PROBE_US 2000000
#define PROBE_MISSED 2
#define SECRETS_MAX (1u << 20)

struct slot {
	bool used, flying;
	int64_t id; /* the daemon's */
	struct sockaddr_in to;
	struct mg_coa_request q;
	struct mg_coa_packet packet;
	char secret[MG_COA_SECRET_MAX + 1];
	unsigned tries;
	uint64_t first, next; /* sk_mono_us() */
};

struct probe {
	uint16_t port; /* 0: off */
	bool flying, known, up;
	unsigned missed;
	uint64_t next;
	char secret[MG_COA_SECRET_MAX + 1];
	struct mg_coa_packet packet;
};

struct agent {
	int fd, udp, probe_fd;
	char *secrets;
	uint8_t next_id;
	size_t n, flying;
	struct slot *slots;
	struct probe probe;
};

static int tell(const struct agent *a, json_t *body)
{
	struct sk_buf b;
	int r = body ? 0 : -ENOMEM;

	sk_buf_init(&b, SK_IPC_MAX);
	if (r == 0)
		r = sk_ipc_encode(&b, SK_IPC_EVENT, 0, body);
	if (r == 0 && send(a->fd, b.data, b.len, MSG_NOSIGNAL) < 0)
		r = -errno;
	sk_buf_done(&b);
	json_decref(body);
	return r;
}

/* ---- requests ---------------------------------------------------------------------------------
 */
static void result(struct agent *a, int64_t id, const char *mac, const char *what, uint32_t cause,
	const struct slot *s)
{
	uint64_t us = s && s->first ? sk_mono_us() - s->first : 0;

	tell(a,
		json_pack("{s:s, s:I, s:s, s:s, s:I, s:I, s:I}", "what", "result", "id",
			(json_int_t)id, "mac", mac, "result", what, "cause", (json_int_t)cause,
			"tries", (json_int_t)(s ? s->tries : 0), "ms", (json_int_t)(us / 1000)));
}

static void finish(struct agent *a, struct slot *s, const char *what, uint32_t cause)
{
	result(a, s->id, s->q.session.mac, what, cause, s);
	if (s->flying)
		a->flying--;
	explicit_bzero(s, sizeof(*s));
	a->n--;
}

static size_t flying_to(const struct agent *a, const struct sockaddr_in *to)
{
	size_t n = 0;

	for (size_t i = 0; i < SLOTS; i++)
		n += a->slots[i].flying && a->slots[i].to.sin_addr.s_addr == to->sin_addr.s_addr;
	return n;
}

static void transmit(struct agent *a, struct slot *s, uint64_t now)
{
	ssize_t n = sendto(a->udp, s->packet.b, s->packet.n, 0, (const struct sockaddr *)&s->to,
		sizeof(s->to));

	if (!s->first)
		s->first = now;
	s->next = now + ((uint64_t)WAIT_US << s->tries);
	s->tries++;
	/* No route now may be one in a moment: it counts as a try. */
	if (n < 0 && s->tries >= TRIES)
		finish(a, s, "unreachable", 0);
}

static void launch(struct agent *a, struct slot *s, uint64_t now)
{
	s->q.id = a->next_id++;
	s->q.time = sk_now();
	if (mg_coa_build(&s->q, s->secret, &s->packet) < 0) {
		finish(a, s, "unreachable", 0);
		return;
	}
	s->flying = true;
	a->flying++;
	transmit(a, s, now);
}

/* What is due: again, given up, or out of the queue. */
static void work(struct agent *a, uint64_t now)
{
	for (size_t i = 0; a->n && i < SLOTS; i++) {
		struct slot *s = &a->slots[i];

		if (!s->used || (s->flying && s->next > now))
			continue;
		if (s->flying && s->tries >= TRIES)
			finish(a, s, "timeout", 0);
		else if (s->flying)
			transmit(a, s, now);
		else if (a->flying < FLYING && flying_to(a, &s->to) < FLYING_EACH)
			launch(a, s, now);
	}
}

static int parse_send(const json_t *m, struct slot *s)
{
	const char *what = json_string_value(json_object_get(m, "what"));
	const char *address = json_string_value(json_object_get(m, "address"));
	const char *vlan = json_string_value(json_object_get(m, "vlan"));
	json_int_t port = json_integer_value(json_object_get(m, "port"));

	s->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	if (!what || !address || inet_pton(AF_INET, address, &s->to.sin_addr) != 1 || port < 1 ||
		port > 65535 || (vlan && strlen(vlan) >= sizeof(s->q.vlan)))
		return -EINVAL;
	s->q.code = sk_streq(what, "change") ? MG_COA_CHANGE : MG_COA_DISCONNECT;
	snprintf(s->q.vlan, sizeof(s->q.vlan), "%s", vlan ? vlan : "");
	s->q.seconds = (uint32_t)json_integer_value(json_object_get(m, "seconds"));
	return mg_radius_agent_session_parse(json_object_get(m, "session"), &s->q.session);
}

static void on_send(struct agent *a, const json_t *m)
{
	const char *name = json_string_value(json_object_get(m, "secret"));
	int64_t id = json_integer_value(json_object_get(m, "id"));
	const char *mac = json_string_value(json_object_get(json_object_get(m, "session"), "mac"));
	struct slot *s = NULL;

	if (!mac)
		return;
	for (size_t i = 0; !s && i < SLOTS; i++)
		if (!a->slots[i].used)
			s = &a->slots[i];
	if (!s) {
		result(a, id, mac, "busy", 0, NULL);
		return;
	}
	if (!name || mg_radius_secret(a->secrets, name, s->secret, sizeof(s->secret)) < 0) {
		result(a, id, mac, "no_secret", 0, NULL);
		return;
	}
	if (parse_send(m, s) < 0) {
		result(a, id, mac, "unreachable", 0, NULL);
		return;
	}
	s->used = true;
	s->id = id;
	a->n++;
}

static void on_reply(struct agent *a, const uint8_t *p, size_t n, const struct sockaddr_in *from)
{
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *s = &a->slots[i];
		struct mg_coa_reply reply;
		bool ack;

		if (!s->flying || s->to.sin_addr.s_addr != from->sin_addr.s_addr ||
			s->to.sin_port != from->sin_port ||
			mg_coa_verify(p, n, &s->packet, s->secret, &reply) < 0)
			continue;
		ack = reply.code == MG_COA_DISCONNECT_ACK || reply.code == MG_COA_CHANGE_ACK;
		finish(a, s, ack ? "ack" : "nak", reply.error_cause);
		return;
	}
}

/* ---- is the server alive ----------------------------------------------------------------------
 */
static void server_is(struct agent *a, bool up, const char *why)
{
	struct probe *p = &a->probe;

	if (p->known && p->up == up)
		return;
	p->known = true;
	p->up = up;
	tell(a, json_pack("{s:s, s:b, s:s}", "what", "server", "up", up, "why", why));
}

static void probe_send(struct agent *a, uint64_t now)
{
	struct probe *p = &a->probe;
	struct mg_coa_request q = {.code = MG_COA_STATUS, .id = a->next_id++};
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(p->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	p->next = now + PROBE_US;
	if (p->flying && ++p->missed >= PROBE_MISSED)
		server_is(a, false, "no answer");
	p->flying = true;
	if (mg_radius_secret(a->secrets, "gateway", p->secret, sizeof(p->secret)) < 0) {
		server_is(a, false, "no secret");
		return;
	}
	if (getrandom(q.nonce, sizeof(q.nonce), 0) == (ssize_t)sizeof(q.nonce) &&
		mg_coa_build(&q, p->secret, &p->packet) == 0)
		/* A refusal (nobody listens) is seen as the missing answer it is. */
		(void)!sendto(a->probe_fd, p->packet.b, p->packet.n, 0,
			(const struct sockaddr *)&to, sizeof(to));
}

static void probe_reply(
	struct agent *a, const uint8_t *data, size_t n, const struct sockaddr_in *from)
{
	struct probe *p = &a->probe;
	struct mg_coa_reply reply;

	if (!p->flying || from->sin_port != htons(p->port) ||
		from->sin_addr.s_addr != htonl(INADDR_LOOPBACK) ||
		mg_coa_verify(data, n, &p->packet, p->secret, &reply) < 0)
		return;
	p->flying = false;
	p->missed = 0;
	server_is(a, true, "");
}

static void on_config(struct agent *a, const json_t *m)
{
	uint16_t port = (uint16_t)json_integer_value(json_object_get(m, "status"));

	if (port != a->probe.port)
		a->probe = (struct probe){.port = port, .next = 0};
}

/* ---- the loop ---------------------------------------------------------------------------------
 */
static int on_message(struct agent *a)
{
	struct sk_ipc_msg m;
	const char *op;
	int r = sk_ipc_recv(a->fd, 0, &m, NULL);

	if (r < 0)
		return r == -ETIMEDOUT ? 0 : r;
	op = json_string_value(json_object_get(m.body, "op"));
	if (sk_streq(op, "send"))
		on_send(a, m.body);
	else if (sk_streq(op, "config"))
		on_config(a, m.body);
	sk_ipc_msg_done(&m);
	return 1;
}

static void drain(struct agent *a, int fd,
	void (*fn)(struct agent *a, const uint8_t *p, size_t n, const struct sockaddr_in *from))
{
	uint8_t buf[MG_COA_PACKET_MAX];

	for (int i = 0; i < FLYING; i++) {
		struct sockaddr_in from = {0};
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(
			fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from, &len);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n > 0 && len == sizeof(from))
			fn(a, buf, (size_t)n, &from);
	}
}

static int timeout_ms(const struct agent *a, uint64_t now)
{
	uint64_t at = a->probe.port ? a->probe.next : now + 60000000;

	for (size_t i = 0; a->n && i < SLOTS; i++)
		if (a->slots[i].flying)
			at = SK_MIN(at, a->slots[i].next);
	return at <= now ? 0 : (int)((at - now + 999) / 1000);
}

static int loop(struct agent *a)
{
	for (;;) {
		struct pollfd p[] = {
			{.fd = a->fd, .events = POLLIN},
			{.fd = a->udp, .events = POLLIN},
			{.fd = a->probe_fd, .events = POLLIN},
		};
		uint64_t now = sk_mono_us();
		int r;

		work(a, now);
		if (a->probe.port && a->probe.next <= now)
			probe_send(a, now);
		if (poll(p, 3, timeout_ms(a, now)) < 0 && errno != EINTR)
			return 1;
		if (p[1].revents)
			drain(a, a->udp, on_reply);
		if (p[2].revents)
			drain(a, a->probe_fd, probe_reply);
		for (r = 1; p[0].revents && r > 0;)
			r = on_message(a);
		if (p[0].revents && r < 0)
			return 0; /* the daemon has ended */
	}
}

static void read_secrets(struct agent *a, const char *path)
{
	struct sk_err err = {0};
	struct stat st;
	struct sk_buf b;

	sk_buf_init(&b, SECRETS_MAX);
	if (path && stat(path, &st) == 0 && (st.st_mode & S_IRWXO))
		sk_log(LOG_ERR, "%s is not used: others may read it", path);
	else if (path && sk_file_read(path, &b, &err) < 0 && err.code != -ENOENT)
		sk_log_err(LOG_ERR, "secrets of switches", &err);
	a->secrets = sk_buf_take(&b);
	if (!a->secrets)
		a->secrets = calloc(1, 1);
}

int mg_radius_agent_main(int fd, const char *secrets_path, int (*confine)(void *arg), void *arg)
{
	struct agent *a = calloc(1, sizeof(*a));

	prctl(PR_SET_NAME, "sekisho-radius", 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	/* A terminal's or the service manager's signals are for the daemon, whose end we see. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (!a || !(a->slots = calloc(SLOTS, sizeof(*a->slots))))
		return 1;
	a->fd = fd;
	a->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	a->probe_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	read_secrets(a, secrets_path);
	if (a->udp < 0 || a->probe_fd < 0 || !a->secrets || confine(arg) < 0)
		return 1;
	return loop(a);
}
