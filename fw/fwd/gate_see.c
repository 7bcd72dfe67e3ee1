/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the gate tells: frames of unadmitted devices to nacd, and its part of the status. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "fw/fwd/gate_int.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"

#define FRAMES_PER_MSG 200
#define QUEUE_MAX (4u << 20) /* unsent bytes of a subscriber; beyond, frames are lost to it */

/* ---- frames ---- */

static void send_frames(struct fwd_gate *g)
{
	_cleanup_(sk_json_decrefp) json_t *body = NULL;
	const size_t n = json_array_size(g->frames);

	if (!g->frames)
		return;
	body = json_pack("{s:o}", "frames", g->frames);
	g->frames = NULL;
	for (size_t i = 0; body && i < FWD_GATE_SUBSCRIBERS; i++) {
		struct sk_ipc_client *c = g->subscribers[i];

		if (!c)
			continue;
		if (sk_ipc_client_queued(c) > QUEUE_MAX ||
			sk_ipc_reply(c, SK_IPC_EVENT, 0, body) < 0)
			g->lost += n;
	}
}

static const char *port_at(const struct fwd_gate *g, int index)
{
	for (size_t i = 0; i < g->conf.n; i++)
		if (g->ports[i].index == index)
			return g->conf.ports[i].name;
	return NULL;
}

static void on_frame(const struct fwd_gate_frame *f, void *arg)
{
	struct fwd_gate *g = arg;
	const char *port = port_at(g, f->index);
	char mac[FW_MAC_TEXT], payload[2 * FWD_GATE_FRAME_BYTES + 1];

	if (!port)
		return; /* unplugged meanwhile */
	if (!g->frames)
		g->frames = json_array();
	json_array_append_new(g->frames,
		json_pack("{s:s,s:s,s:i,s:i,s:I,s:s,s:i}", "port", port, "mac",
			fw_mac_text(f->mac, mac), "vlan", (int)f->vlan, "proto", (int)f->proto,
			"ts", (json_int_t)f->ts_us, "payload", sk_hex(payload, f->bytes, f->len),
			"count", 1));
	if (json_array_size(g->frames) >= FRAMES_PER_MSG)
		send_frames(g);
}

static int on_log(sd_event_source *src, int fd, uint32_t revents, void *arg)
{
	struct fwd_gate *g = arg;
	int r = fwd_gate_log_read(g->log, sk_now_us(), on_frame, g);

	send_frames(g);
	if (r < 0) {
		sk_log(LOG_WARNING, "the gate's log of frames: %s", strerror(-r));
		sd_event_source_set_enabled(src, SD_EVENT_OFF);
	}
	return 0;
}

void fwd_gate_listen(struct fwd_gate *g)
{
	struct sk_err err = {0};
	int r;

	if (g->log)
		return;
	r = fwd_gate_log_open(&g->log, &err);
	if (r == 0) {
		r = sd_event_add_io(
			g->d->ev, &g->log_io, fwd_gate_log_fd(g->log), EPOLLIN, on_log, g);
		if (r < 0) {
			fwd_gate_log_close(g->log);
			g->log = NULL;
		}
	}
	if (r < 0 && !g->log_failed) {
		sk_log_err(LOG_WARNING, "devices that are not admitted go unnoticed", &err);
		fwd_warn(g->d, "devices that are not admitted go unnoticed: %s", err.en);
	}
	g->log_failed = r < 0;
}

void fwd_gate_subscribe(struct fwd *d, struct sk_ipc_client *c)
{
	struct fwd_gate *g = d->gate;
	size_t i = 0;

	while (i + 1 < FWD_GATE_SUBSCRIBERS && g->subscribers[i])
		i++;
	/* A new one takes the last one's place: who reconnects must not be kept out. */
	if (g->subscribers[i])
		sk_ipc_client_close(g->subscribers[i]);
	g->subscribers[i] = c;
	if (g->started)
		fw_nft_gate_forget(g->nft, NULL, NULL);
}

void fwd_gate_closed(struct fwd *d, const struct sk_ipc_client *c)
{
	for (size_t i = 0; d->gate && i < FWD_GATE_SUBSCRIBERS; i++)
		if (d->gate->subscribers[i] == c)
			d->gate->subscribers[i] = NULL;
}

/* ---- status ---- */

static json_int_t count_of(
	const struct fw_nft_gate_count *v, size_t n, enum fw_gate_counter c, const char *port)
{
	char name[FW_GATE_NAME_MAX];

	fw_gate_counter_name(name, c, port);
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			return (json_int_t)v[i].packets;
	return 0;
}

json_t *fwd_gate_status(struct fwd *d)
{
	struct fwd_gate *g = d->gate;
	_cleanup_(sk_freep) struct fw_nft_gate_count *counts = NULL;
	json_t *ports = json_array();
	json_int_t flood = 0;
	size_t n = 0;

	if (g && g->started)
		fw_nft_gate_counters(g->nft, &counts, &n, NULL);
	for (size_t i = 0; g && ports && i < g->conf.n; i++) {
		const struct fw_gate_port *p = &g->conf.ports[i];
		struct fw_gate_tally t;

		fw_gate_rows_tally(g->rows, p->name, &t);
		flood += count_of(counts, n, FW_GATE_C_FLOOD, p->name);
		json_array_append_new(ports,
			json_pack("{s:s,s:s,s:b,s:b,s:i,s:i,s:I,s:I,s:I,s:I,s:b}", "name", p->name,
				"mode", fw_gate_mode_name(p->mode), "present",
				g->ports[i].index != 0, "bridged", g->ports[i].master != 0,
				"admitted", (int)t.admitted, "quarantined", (int)t.quarantined,
				"dropped", count_of(counts, n, FW_GATE_C_DROPPED, p->name),
				"withheld", count_of(counts, n, FW_GATE_C_OUT, p->name), "eapol",
				count_of(counts, n, FW_GATE_C_EAPOL, p->name), "flood",
				count_of(counts, n, FW_GATE_C_FLOOD, p->name), "locked",
				g->ports[i].locked));
	}
	return json_pack("{s:I,s:o,s:i,s:I,s:I,s:b}", "generation",
		(json_int_t)(g ? g->conf.generation : 0), "ports", ports, "known",
		g ? (int)g->n_known : 0, "suppressed", flood, "lost",
		(json_int_t)(g ? g->lost + (g->log ? fwd_gate_log_lost(g->log) : 0) : 0),
		"in_kernel", g ? !g->dirty : true);
}
