// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's parts put together, and what handlers may ask of it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/contacts/contacts.h"
#include "mgmt/mgmtd/admission.h"
#include "mgmt/mgmtd/generation.h"
#include "mgmt/mgmtd/inspect.h"
#include "mgmt/mgmtd/lists.h"
#include "mgmt/mgmtd/talk.h"
#include "mgmt/mgmtd/notifier.h"
#include "mgmt/mgmtd/oneshot.h"
#include "mgmt/mgmtd/peer.h"
#include "mgmt/mgmtd/schedule.h"
#include "mgmt/mgmtd/switches.h"
#include "mgmt/mgmtd/trial.h"
#include "mgmt/mgmtd/update.h"

struct mg_store *mg_daemon_store(struct mg_daemon *d)
{
	return d->store;
}

struct mg_events *mg_daemon_events(struct mg_daemon *d)
{
	return d->events;
}

const char *mg_daemon_events_dir(const struct mg_daemon *d)
{
	return d->events_dir;
}

const char *mg_daemon_state_dir(const struct mg_daemon *d)
{
	return d->o.state_dir;
}

const char *mg_daemon_geoip_dir(const struct mg_daemon *d)
{
	return d->o.geoip_dir;
}

const char *mg_daemon_contacts(const struct mg_daemon *d)
{
	return d->contacts_db;
}

void mg_daemon_registry_changed(struct mg_daemon *d)
{
	mg_ingest_dirty(d->ingest);
	mg_inspect_dirty(d->inspect);
	mg_admission_dirty(d->admission);
	mg_lists_dirty(d->lists);
	d->counts.at = 0;
	d->settings_dirty = true;
}

void mg_daemon_audit_system(const struct mg_daemon *d, const char *op, struct mg_audit_entry *ret)
{
	*ret = (struct mg_audit_entry){
		.time = sk_now(), .account = "system", .uid = getuid(), .pid = getpid(), .op = op};
}

int mg_daemon_tighten(struct mg_daemon *d, struct sk_err *err)
{
	struct mg_audit_entry who;
	struct mg_gen_step step = {.what = MG_BUILD_ACTIVE, .kind = "tighten", .who = &who};
	struct mg_generation g;
	int r;

	if (d->reader)
		return sk_err_en(err, -EPERM, NULL, "a reader changes nothing");
	d->tightens++;
	/* Before the first apply there is nothing in the kernel that could be taken out. */
	r = mg_generation_latest(d->store, MG_GEN_CONFIRMED, &g, err);
	if (r == -ENOENT)
		return 1;
	if (r < 0)
		return r;
	mg_daemon_audit_system(d, "policy.tighten", &who);
	r = mg_gen_send(d, &step, NULL, err);
	d->tighten = r < 0;
	if (r == -EBUSY || r == -EHOSTDOWN) {
		sk_log(LOG_NOTICE, "taking rules out of the kernel is postponed: %s", err->en);
		return 0;
	}
	return r < 0 ? r : 1;
}

static int paths(struct mg_daemon *d, struct sk_err *err)
{
	const struct {
		char *dst;
		const char *dir, *name;
	} all[] = {
		{d->db, d->o.state_dir, "registry.db"},
		{d->key, d->o.state_dir, "audit.key"},
		{d->anchor, d->o.state_dir, "audit.anchor"},
		{d->events_dir, d->o.state_dir, "events"},
		{d->socket, d->o.run_dir, "mgmt.sock"},
		{d->contacts_db, d->o.state_dir, MG_CONTACTS_FILE},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(all); i++)
		if (snprintf(all[i].dst, sizeof(d->db), "%s/%s", all[i].dir, all[i].name) >=
			(int)sizeof(d->db))
			return sk_err_en(err, -ENAMETOOLONG, all[i].dir, "is too long");
	d->paths = (struct mg_store_paths){.db = d->db, .key = d->key, .anchor = d->anchor};
	return 0;
}

static int open_events(struct mg_daemon *d, struct sk_err *err)
{
	int64_t days = mg_setting_int(d->store, "events.retention_days");
	bool eve = mg_setting_int(d->store, "events.eve");
	struct mg_events_opts o = {.dir = d->events_dir,
		.eve_path = eve ? d->o.eve_path : NULL,
		.retention_days = (int)SK_MAX(days, (int64_t)MG_RETENTION_DAYS_MIN)};
	int r = mg_events_open(&d->events, &o, err);

	if (!r) {
		d->retention_days = o.retention_days;
		d->eve = eve;
	}
	return r;
}

int mg_daemon_events_reopen(struct mg_daemon *d, struct sk_err *err)
{
	int64_t days = mg_setting_int(d->store, "events.retention_days");

	if (d->events && days == d->retention_days &&
		(bool)mg_setting_int(d->store, "events.eve") == d->eve)
		return 0;
	mg_events_close(d->events);
	d->events = NULL;
	return open_events(d, err);
}

int mg_daemon_reader(struct mg_daemon *d, const struct mg_daemon_opts *o, struct sk_err *err)
{
	int r;

	d->o = *o;
	d->reader = true;
	d->reader_fd = -1;
	r = paths(d, err);
	if (r == 0)
		r = mg_peer_calls_only(&d->fw, d, &mg_peer_fwd, d->o.fwd_socket, err);
	if (r == 0)
		r = mg_peer_calls_only(&d->ips, d, &mg_peer_ips, d->o.ips_socket, err);
	if (r == 0)
		r = mg_peer_calls_only(&d->nac, d, &mg_peer_nac, d->o.nac_socket, err);
	return r;
}

int mg_daemon_start(
	struct mg_daemon *d, sd_event *ev, const struct mg_daemon_opts *o, struct sk_err *err)
{
	int r;

	d->ev = sd_event_ref(ev);
	d->o = *o;
	d->started = sk_now();
	d->settings_dirty = true; /* whoever depends on them learns them now */
	if ((r = paths(d, err)) < 0 || (r = sk_mkdir_p(d->o.state_dir, 0700, err)) < 0 ||
		(r = sk_mkdir_p(d->events_dir, 0700, err)) < 0 ||
		(r = mg_store_open(&d->store, &d->paths, err)) < 0 ||
		(r = open_events(d, err)) < 0 || (r = mg_ingest_new(d, err)) < 0 ||
		(r = mg_inspect_new(d, err)) < 0 || (r = mg_admission_new(d, err)) < 0 ||
		(r = mg_talk_new(d, err)) < 0 || (r = mg_lists_new(d, err)) < 0 ||
		(r = mg_notifier_watch(d, err)) < 0 ||
		(r = mg_peer_new(&d->fw, d, &mg_peer_fwd, d->o.fwd_socket, err)) < 0 ||
		(r = mg_peer_new(&d->ips, d, &mg_peer_ips, d->o.ips_socket, err)) < 0 ||
		(r = mg_peer_new(&d->nac, d, &mg_peer_nac, d->o.nac_socket, err)) < 0 ||
		(r = mg_schedule_new(d, err)) < 0 || (r = mg_heavy_watch(d, err)) < 0 ||
		(r = mg_trial_start(d, err)) < 0)
		return r;
	mg_switches_start(d);
	return mg_dispatch_start(d, err);
}

void mg_daemon_stop(struct mg_daemon *d)
{
	mg_heavy_stop(d);
	sk_ipc_server_free(d->server);
	mg_oneshot_stop(d);
	mg_trial_stop(d);
	mg_update_free(d->update);
	mg_schedule_free(d->schedule);
	mg_switches_stop(d);
	mg_peer_free(d->fw);
	mg_peer_free(d->ips);
	mg_peer_free(d->nac);
	mg_lists_free(d->lists);
	mg_inspect_free(d->inspect);
	mg_admission_free(d->admission);
	mg_notifier_free(d->notifier);
	mg_ingest_free(d->ingest);
	mg_talk_free(d->talk);
	mg_events_close(d->events);
	mg_store_close(d->store);
	sd_event_unref(d->ev);
	*d = (struct mg_daemon){0};
}
