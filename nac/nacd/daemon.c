/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon as a whole: what is made in which order, its ports, its clock. The document of last
 * time and the sessions come first, then fwd; so whoever was in stays in over a restart.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/util.h"
#include "nac/dot1x/launcher.h"
#include "nac/nacd/caops.h"
#include "nac/nacd/parts.h"
#include "nac/nacd/sensor.h"

#define TICK_US 1000000
#define SAVE_S 2
#define DAY_S 86400

struct nacd_port *nacd_port_find(struct nacd *d, const char *name)
{
	for (size_t i = 0; i < d->n_ports; i++)
		if (strcmp(d->ports[i].name, name) == 0)
			return &d->ports[i];
	return NULL;
}

/* ---- ports ------------------------------------------------------------------------------------
 */

static void drop_one(struct nacd *d, struct nacd_session *s, void *arg)
{
	if (strcmp(s->port, arg) == 0)
		nacd_session_close(d, s, NAC_WHY_MODE);
}

static void drop_port(struct nacd *d, struct nacd_port *p)
{
	nacd_sessions_each(d, drop_one, p->name);
	nac_hostapd_free(p->hostapd);
	*p = d->ports[--d->n_ports];
	memset(&d->ports[d->n_ports], 0, sizeof(*p));
}

/* hostapd for a port that has 802.1X; started anew where its settings are others now. */
static int set_hostapd(struct nacd *d, struct nacd_port *p, struct sk_err *err)
{
	char dir[64], hash[65];
	struct sk_err why = {0};
	int r;

	if (!p->conf.dot1x) {
		nac_hostapd_free(p->hostapd);
		p->hostapd = NULL;
		return 0;
	}
	snprintf(dir, sizeof(dir), "%.48s/nac", d->opts.run_dir);
	if (!p->hostapd) {
		r = nac_hostapd_new(
			&p->hostapd, d->ev, p->name, dir, d->launcher, &nacd_hostapd_ops, d, err);
		if (r < 0)
			return r;
		if (d->opts.control_dir)
			nac_hostapd_share(p->hostapd, d->opts.control_dir);
		nac_hostapd_use_radius(p->hostapd, d->doc->eap.radius_address[0]);
		nac_hostapd_interface(p->hostapd, p->present);
		nac_hostapd_set(p->hostapd, true);
		return 0;
	}
	r = nacd_files_write(d, p, hash, &why);
	if (r < 0) {
		sk_log_err(LOG_ERR, "settings of 802.1X", &why);
		return 0;
	}
	if (strcmp(hash, p->settings) == 0)
		return 0;
	nac_hostapd_use_radius(p->hostapd, d->doc->eap.radius_address[0]);
	nac_hostapd_restart(p->hostapd);
	return 0;
}

int nacd_ports_apply(struct nacd *d, struct sk_err *err)
{
	for (size_t i = d->n_ports; i-- > 0;)
		if (!nac_document_port(d->doc, d->ports[i].name))
			drop_port(d, &d->ports[i]);
	for (size_t i = 0; i < d->doc->n_ports; i++) {
		const struct nac_port *conf = &d->doc->ports[i];
		struct nacd_port *p = nacd_port_find(d, conf->name);
		enum nac_mode mode = p && p->has_override ? p->conf.mode : conf->mode;
		int r;

		if (!p) {
			p = &d->ports[d->n_ports++];
			*p = (struct nacd_port){.link = false};
			snprintf(p->name, sizeof(p->name), "%s", conf->name);
		}
		p->conf = *conf;
		p->conf.mode = mode;
		r = set_hostapd(d, p, err);
		if (r < 0)
			return r;
	}
	nacd_links_refresh(d->links);
	if (nac_fwd_connected(d->fwd))
		nacd_gate_ports(d);
	return 0;
}

static int on_launcher(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct nacd *d = arg;
	struct nac_launcher_msg m;
	int r;

	while ((r = nac_launcher_recv(fd, &m)) > 0) {
		struct nacd_port *p = nacd_port_find(d, m.port);

		if (p && p->hostapd)
			nac_hostapd_launched(p->hostapd, m.word, m.value);
	}
	if (r == 0)
		return 0;
	sk_log(LOG_ERR, "the launcher of hostapd is gone: starting anew");
	return sd_event_exit(d->ev, 1);
}

/* ---- the clock --------------------------------------------------------------------------------
 */

static int on_tick(sd_event_source *s, uint64_t usec, void *arg)
{
	struct nacd *d = arg;
	int64_t now = sk_now();

	nacd_radius_watch(d, now);
	nacd_tick_sessions(d, now);
	if (!d->synced && nac_fwd_connected(d->fwd))
		nacd_fwd_ops.up(d);
	if (now - d->maintained_at >= DAY_S) {
		d->maintained_at = now;
		nacd_ca_maintain(d);
	}
	if (d->dirty && now - d->saved_at >= SAVE_S)
		nacd_sessions_save(d);
	sd_event_source_set_time_relative(s, TICK_US);
	return 0;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static int make_tables(struct nacd *d, struct sk_err *err)
{
	if (getrandom(d->seed, sizeof(d->seed), 0) != sizeof(d->seed))
		return sk_err_en(err, -EIO, NULL, "no random numbers");
	d->sessions = sk_table_new(NACD_SESSIONS, NAC_NAME_MAX + sizeof(struct nac_mac),
		sizeof(struct nacd_session), d->seed);
	d->gate = nac_gate_new(d->seed);
	d->seen = nacd_seen_new(d->seed);
	d->looks = nacd_looks_new(d->seed);
	return d->sessions && d->gate && d->seen && d->looks ? 0 : sk_err_nomem(err);
}

int nacd_new(struct nacd **ret, sd_event *ev, const struct nacd_opts *o, int launcher,
	struct sk_err *err)
{
	struct nacd *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return sk_err_nomem(err);
	d->opts = *o;
	d->ev = sd_event_ref(ev);
	d->launcher = launcher;
	d->started = sk_now();
	r = make_tables(d, err);
	if (r == 0)
		r = sk_mkdir_p(o->state_dir, 0700, err);
	if (r == 0)
		r = nacd_files_prepare(d, err);
	if (r == 0)
		r = nacd_ipc_start(d, err);
	if (r < 0) {
		nacd_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

static int start_sources(struct nacd *d, struct sk_err *err)
{
	int r = sd_event_add_io(d->ev, &d->launcher_io, d->launcher, EPOLLIN, on_launcher, d);

	if (r >= 0)
		r = sd_event_add_time_relative(
			d->ev, &d->tick, CLOCK_MONOTONIC, TICK_US, 10000, on_tick, d);
	if (r >= 0)
		r = sd_event_source_set_enabled(d->tick, SD_EVENT_ON);
	return r < 0 ? sk_err_en(err, r, NULL, "event loop: %s", strerror(-r)) : 0;
}

int nacd_start(struct nacd *d, struct sk_err *err)
{
	int r = nacd_events_start(d, err);

	if (r == 0)
		r = nacd_links_new(&d->links, d, err);
	if (r == 0)
		r = nacd_sensor_new(&d->sensor, d, err);
	if (r == 0)
		r = start_sources(d, err);
	if (r == 0 && d->opts.page_port)
		r = nacd_page_new(&d->page, d, d->opts.page_port, err);
	if (r < 0)
		return r;
	if (nacd_apply_saved(d) == 0)
		nacd_sessions_load(d);
	r = nac_fwd_new(&d->fwd, d->ev, d->opts.fwd_socket, &nacd_fwd_ops, d, err);
	if (r < 0)
		return r;
	nacd_report(d, "start",
		json_pack("{s:I,s:I}", "generation", (json_int_t)(d->doc ? d->doc->generation : 0),
			"ports", (json_int_t)d->n_ports));
	return 0;
}

void nacd_free(struct nacd *d)
{
	if (!d)
		return;
	if (d->doc && d->fwd)
		nacd_sessions_save(d);
	nacd_page_free(d->page);
	nacd_sensor_free(d->sensor);
	d->sensor = NULL;
	for (size_t i = 0; i < d->n_ports; i++)
		nac_hostapd_free(d->ports[i].hostapd);
	d->n_ports = 0;
	nac_fwd_free(d->fwd);
	nacd_links_free(d->links);
	nacd_events_stop(d);
	sk_ipc_server_free(d->ipc);
	sd_event_source_disable_unref(d->tick);
	sd_event_source_disable_unref(d->flush_gate);
	sd_event_source_disable_unref(d->launcher_io);
	nacd_seen_free(d->seen);
	nacd_looks_free(d->looks);
	nac_gate_free(d->gate);
	sk_table_free(d->sessions);
	json_decref(d->told_ports);
	nac_document_free(d->doc);
	sd_event_unref(d->ev);
	free(d);
}
