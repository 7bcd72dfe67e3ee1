/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Documents in, the last one kept; modes switched by hand; the sessions on disk, so that a restart
 * knows who was in and why. What is on disk is judged again before it counts.
 */
#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "nac/nacd/parts.h"
#include "nac/nacd/sensor.h"

#define SESSIONS_BYTES (16u << 20)

static void path_in(const struct nacd *d, char *dst, size_t cap, const char *name)
{
	snprintf(dst, cap, "%s/%s", d->opts.state_dir, name);
}

static int keep(const struct nacd *d, const char *name, const json_t *v, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	char path[512];

	sk_buf_init(&b, SESSIONS_BYTES);
	sk_json_put(&b, v);
	if (sk_buf_error(&b))
		return sk_err_nomem(err);
	path_in(d, path, sizeof(path), name);
	return sk_file_replace(path, b.data, b.len, 0600, err);
}

static json_t *kept(const struct nacd *d, const char *name)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	struct sk_err err = {0};
	char path[512];
	json_t *v;
	int r;

	sk_buf_init(&b, SESSIONS_BYTES);
	path_in(d, path, sizeof(path), name);
	r = sk_file_read(path, &b, &err);
	if (r < 0) {
		if (r != -ENOENT)
			sk_log_err(LOG_ERR, name, &err);
		return NULL;
	}
	v = sk_json_parse(sk_buf_str(&b), b.len, &err);
	if (!v)
		sk_log_err(LOG_ERR, name, &err);
	return v;
}

/* ---- modes ------------------------------------------------------------------------------------
 */

static int save_modes(struct nacd *d, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = json_object();

	for (size_t i = 0; i < d->n_ports; i++)
		if (d->ports[i].has_override)
			json_object_set_new(v, d->ports[i].name,
				json_string(nac_mode_name(d->ports[i].conf.mode)));
	return keep(d, "modes.json", v, err);
}

static void load_modes(struct nacd *d)
{
	_cleanup_(sk_json_decrefp) json_t *v = kept(d, "modes.json");

	for (size_t i = 0; v && i < d->n_ports; i++) {
		struct nacd_port *p = &d->ports[i];
		const char *mode = json_string_value(json_object_get(v, p->name));

		if (mode && nac_mode_parse(mode, &p->conf.mode) == 0)
			p->has_override = true;
	}
}

/* The gate holds no quarantine where all passes, so entries are set again. */
static void reset_rows(struct nacd *d, struct nacd_session *s, void *arg)
{
	if (nac_session_open(s->state))
		nacd_gate_set(d, s,
			s->state == NAC_S_QUARANTINED ? NAC_GATE_QUARANTINED : NAC_GATE_ADMITTED);
}

int nacd_mode(struct nacd *d, const char *port, enum nac_mode mode, struct sk_err *err)
{
	bool all = strcmp(port, "all") == 0;
	size_t n = 0;

	if (!d->doc)
		return sk_err_set(err, -ENOENT, "port", "there is no admission document yet",
			"端末接続ポリシーがまだありません");
	for (size_t i = 0; i < d->n_ports; i++) {
		struct nacd_port *p = &d->ports[i];

		if (!all && strcmp(p->name, port) != 0)
			continue;
		n++;
		if (p->conf.mode == mode)
			continue;
		nacd_report(d, "mode",
			json_pack("{s:s,s:s,s:s}", "port", p->name, "mode", nac_mode_name(mode),
				"was", nac_mode_name(p->conf.mode)));
		p->conf.mode = mode;
		p->has_override = true;
	}
	if (n == 0)
		return sk_err_set(err, -ENOENT, "port", "there is no such port",
			"そのようなポートはありません");
	/* Those who may come in first, so that nobody who is admitted loses a frame. */
	nacd_review(d);
	nacd_sessions_each(d, reset_rows, NULL);
	if (nac_fwd_connected(d->fwd))
		nacd_gate_ports(d);
	return save_modes(d, err);
}

/* ---- documents --------------------------------------------------------------------------------
 */

static void hash_of(const char *text, size_t n, char ret[65])
{
	uint8_t sum[32];

	sk_sha256(sum, text, n);
	sk_hex(ret, sum, sizeof(sum));
}

/* A switch by hand holds until the manager says something newer. */
static void end_overrides(struct nacd *d)
{
	for (size_t i = 0; i < d->n_ports; i++)
		d->ports[i].has_override = false;
}

static int use(struct nacd *d, struct nac_document *doc, bool newer, struct sk_err *err)
{
	struct nac_document *old = d->doc;
	int r;

	d->doc = doc;
	r = nacd_sensor_apply(d->sensor, d, err);
	if (r < 0) {
		d->doc = old;
		return r;
	}
	if (newer)
		end_overrides(d);
	r = nacd_ports_apply(d, err);
	if (r < 0) {
		d->doc = old;
		return r;
	}
	nac_document_free(old);
	nacd_review(d);
	nacd_gate_known(d);
	nacd_sensor_recheck(d->sensor, NULL);
	/* The old document, and what reading the new one took, in one piece. */
	malloc_trim(0);
	return 0;
}

int nacd_apply(struct nacd *d, const char *text, size_t n, bool check, int64_t *ret_generation,
	char ret_sha256[65], struct sk_err *err)
{
	struct nac_document *doc = nac_document_parse(text, n, err);
	char path[512], hash[65];
	bool newer;
	int r = 0;

	if (!doc)
		return err->code < 0 ? err->code : -EINVAL;
	hash_of(text, n, hash);
	*ret_generation = doc->generation;
	memcpy(ret_sha256, hash, sizeof(hash));
	newer = !d->doc || doc->generation > d->doc->generation;
	path_in(d, path, sizeof(path), "document.json");
	if (!check)
		r = sk_file_replace(path, text, n, 0600, err);
	if (check || r < 0) {
		nac_document_free(doc);
		return r;
	}
	r = use(d, doc, newer, err);
	if (r < 0) {
		nac_document_free(doc);
		return r;
	}
	memcpy(d->sha256, hash, sizeof(hash));
	save_modes(d, NULL);
	nacd_report(d, "apply",
		json_pack("{s:I,s:I,s:s}", "generation", (json_int_t)doc->generation, "devices",
			(json_int_t)doc->n_devices, "sha256", d->sha256));
	return 0;
}

int nacd_apply_saved(struct nacd *d)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	struct sk_err err = {0};
	struct nac_document *doc;
	char path[512];
	int r;

	sk_buf_init(&b, NAC_BYTES_MAX + 1);
	path_in(d, path, sizeof(path), "document.json");
	r = sk_file_read(path, &b, &err);
	if (r < 0) {
		if (r != -ENOENT)
			sk_log_err(LOG_ERR, "the document of last time", &err);
		return r;
	}
	doc = nac_document_parse(sk_buf_str(&b), b.len, &err);
	if (!doc) {
		sk_log_err(LOG_ERR, "the document of last time cannot be used", &err);
		return -EINVAL;
	}
	r = use(d, doc, false, &err);
	if (r < 0) {
		sk_log_err(LOG_ERR, "the document of last time", &err);
		nac_document_free(doc);
		return r;
	}
	hash_of(sk_buf_str(&b), b.len, d->sha256);
	load_modes(d);
	return 0;
}

/* ---- sessions ---------------------------------------------------------------------------------
 */

static void save_one(struct nacd *d, struct nacd_session *s, void *arg)
{
	char mac[NAC_MAC_TEXT];

	if (nac_session_open(s->state))
		json_array_append_new(arg,
			json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:I}", "port", s->port, "mac",
				nac_mac_format(&s->mac, mac), "state", nac_session_name(s->state),
				"method", nac_method_name(s->method), "eap", s->eap, "identity",
				s->identity, "serial", s->serial, "since", (json_int_t)s->since,
				"until", (json_int_t)s->until));
}

void nacd_sessions_save(struct nacd *d)
{
	_cleanup_(sk_json_decrefp) json_t *v = NULL;
	json_t *list = json_array();
	struct sk_err err = {0};

	if (list)
		nacd_sessions_each(d, save_one, list);
	v = json_pack("{s:o,s:o,s:o}", "sessions", list, "seen", nacd_seen_save(d->seen), "looks",
		nacd_looks_save(d->looks));
	d->saved_at = sk_now();
	if (!v || keep(d, "sessions.json", v, &err) < 0)
		sk_log_err(LOG_ERR, "sessions", &err);
	else
		d->dirty = false;
}

/* As it was, without telling; nacd_review then closes what may not be any more. */
static void load_one(struct nacd *d, const json_t *v, int64_t now)
{
	const char *port = json_string_value(json_object_get(v, "port"));
	const char *text = json_string_value(json_object_get(v, "mac"));
	const char *state = json_string_value(json_object_get(v, "state"));
	const char *method = json_string_value(json_object_get(v, "method"));
	const char *identity = json_string_value(json_object_get(v, "identity"));
	const char *serial = json_string_value(json_object_get(v, "serial"));
	const char *eap = json_string_value(json_object_get(v, "eap"));
	struct nacd_port *p = port ? nacd_port_find(d, port) : NULL;
	int64_t until = json_integer_value(json_object_get(v, "until"));
	struct nacd_session *s;
	struct nac_mac mac;
	enum nac_method m;

	if (!p || !text || !state || !method || nac_mac_parse(text, &mac) < 0 ||
		nac_method_parse(method, &m) < 0 || until <= now)
		return;
	s = nacd_session_make(d, port, &mac, now);
	if (!s || nac_session_open(s->state))
		return;
	s->method = m;
	s->until = until;
	s->since = json_integer_value(json_object_get(v, "since"));
	s->state = strcmp(state, "quarantined") == 0 ? NAC_S_QUARANTINED : NAC_S_ADMITTED;
	snprintf(s->identity, sizeof(s->identity), "%s", identity ? identity : "");
	snprintf(s->serial, sizeof(s->serial), "%s", serial ? serial : "");
	snprintf(s->eap, sizeof(s->eap), "%s", eap ? eap : "");
	nacd_session_count(d, s, 1);
	nacd_gate_set(
		d, s, s->state == NAC_S_QUARANTINED ? NAC_GATE_QUARANTINED : NAC_GATE_ADMITTED);
}

void nacd_sessions_load(struct nacd *d)
{
	_cleanup_(sk_json_decrefp) json_t *v = kept(d, "sessions.json");
	json_t *e;
	size_t i;

	json_array_foreach (json_object_get(v, "sessions"), i, e)
		load_one(d, e, sk_now());
	nacd_seen_load(d->seen, json_object_get(v, "seen"));
	nacd_looks_load(d->looks, json_object_get(v, "looks"));
	nacd_review(d);
}
