// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manager's part for managed switches (mgmt/radius) alone, for tests and benches: JSON lines on
 * standard input are done in order, each answered by a line "= {…}"; events come as lines
 * "! {…}" and go into a real event store, so that a restart shows what is told twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/events/events.h"
#include "mgmt/radius/radius.h"

#define LIST_MAX 16

struct tool {
	sd_event *ev;
	struct mg_radius *m;
	struct mg_events *events;
	char line[16 << 20];
	size_t n;
};

static uint64_t stored(const char *instance, void *arg)
{
	return mg_events_last_seq(((struct tool *)arg)->events, instance);
}

static int store(const char *instance, uint64_t seq, json_t *events, void *arg)
{
	struct sk_err err = {0};
	int r = mg_events_append(((struct tool *)arg)->events, instance, seq, events, &err);

	if (r < 0) {
		sk_log_err(LOG_ERR, "events", &err);
		return r;
	}
	for (size_t i = 0; i < json_array_size(events); i++) {
		printf("! ");
		json_dumpf(json_array_get(events, i), stdout, JSON_COMPACT);
		printf("\n");
	}
	fflush(stdout);
	return 0;
}

/* ---- arguments --------------------------------------------------------------------------------
 */
struct device {
	struct mg_radius_device d;
	const char *macs[LIST_MAX], *identities[LIST_MAX];
};

static size_t strings(const json_t *list, const char **dst)
{
	size_t n = SK_MIN(json_array_size(list), (size_t)LIST_MAX);

	for (size_t i = 0; i < n; i++)
		dst[i] = json_string_value(json_array_get(list, i));
	return n;
}

static void device(const json_t *v, struct device *ret)
{
	const char *state = json_string_value(json_object_get(v, "state"));

	*ret = (struct device){
		.d = {
			.number = json_integer_value(json_object_get(v, "number")),
			.name = json_string_value(json_object_get(v, "name")),
			.vlan = json_string_value(json_object_get(v, "vlan")),
			.expires = json_integer_value(json_object_get(v, "expires")),
			.methods = (unsigned)json_integer_value(json_object_get(v, "methods")),
		}};
	ret->d.state = sk_streq(state, "revoked") ? MG_RADIUS_REVOKED
		: sk_streq(state, "quarantined")  ? MG_RADIUS_QUARANTINED
						  : MG_RADIUS_ACTIVE;
	ret->d.n_macs = strings(json_object_get(v, "macs"), ret->macs);
	ret->d.n_identities = strings(json_object_get(v, "identities"), ret->identities);
	ret->d.macs = ret->macs;
	ret->d.identities = ret->identities;
}

static int apply(struct tool *t, const json_t *v, struct sk_err *err)
{
	const json_t *devices = json_object_get(v, "devices"), *sw = json_object_get(v, "switches");
	const json_t *revoked = json_object_get(v, "revoked");
	size_t nd = json_array_size(devices), ns = json_array_size(sw),
	       nr = json_array_size(revoked);
	struct device *d = calloc(nd + 1, sizeof(*d));
	struct mg_radius_device *flat = calloc(nd + 1, sizeof(*flat));
	struct mg_radius_switch *w = calloc(ns + 1, sizeof(*w));
	const char **serials = calloc(nr + 1, sizeof(*serials));
	struct mg_radius_view view = {.devices = flat,
		.n_devices = nd,
		.switches = w,
		.n_switches = ns,
		.revoked = serials,
		.n_revoked = nr};
	int r;

	for (size_t i = 0; i < nd; i++) {
		device(json_array_get(devices, i), &d[i]);
		flat[i] = d[i].d;
	}
	for (size_t i = 0; i < ns; i++) {
		const json_t *s = json_array_get(sw, i);

		w[i] = (struct mg_radius_switch){
			.address = json_string_value(json_object_get(s, "address")),
			.name = json_string_value(json_object_get(s, "name")),
			.secret = json_string_value(json_object_get(s, "secret")),
			.coa_port = (uint16_t)json_integer_value(json_object_get(s, "coa_port"))};
	}
	for (size_t i = 0; i < nr; i++)
		serials[i] = json_string_value(json_array_get(revoked, i));
	view.settings.reauth = (unsigned)json_integer_value(json_object_get(v, "reauth"));
	if (!view.settings.reauth)
		view.settings.reauth = 3600;
	view.settings.quarantine_vlan = json_string_value(json_object_get(v, "quarantine_vlan"));
	r = mg_radius_apply(t->m, &view, NULL, err);
	free(d);
	free(flat);
	free(w);
	free(serials);
	return r;
}

static int revoke_one(const char *serial, void *arg)
{
	struct tool *t = arg;
	int r = mg_radius_revoke(t->m, serial, NULL);

	return r < 0 ? r : 0;
}

/* All of a CRL's. */
static int crl(struct tool *t, const json_t *v, struct sk_err *err)
{
	struct sk_buf b;
	int r;

	sk_buf_init(&b, 1 << 20);
	r = sk_file_read(json_string_value(json_object_get(v, "file")), &b, err);
	if (r == 0)
		r = mg_radius_crl_each(b.data, b.len, revoke_one, t, err);
	sk_buf_done(&b);
	return r;
}

static json_t *command(struct tool *t, const json_t *v)
{
	const char *op = json_string_value(json_object_get(v, "op"));
	struct sk_err err = {0};
	struct device d;
	int r = -EINVAL;

	if (sk_streq(op, "status"))
		return mg_radius_status(t->m);
	if (sk_streq(op, "quit"))
		r = sd_event_exit(t->ev, 0);
	else if (sk_streq(op, "apply"))
		r = apply(t, json_object_get(v, "view"), &err);
	else if (sk_streq(op, "put")) {
		device(json_object_get(v, "device"), &d);
		r = mg_radius_put(t->m, &d.d, &err);
	} else if (sk_streq(op, "forget"))
		r = mg_radius_forget(t->m, json_integer_value(json_object_get(v, "number")), &err);
	else if (sk_streq(op, "cut"))
		r = mg_radius_cut(t->m, json_string_value(json_object_get(v, "mac")), &err);
	else if (sk_streq(op, "crl"))
		r = crl(t, v, &err);
	return json_pack("{s:i, s:s, s:s}", "code", r, "path", err.path, "en", err.en);
}

static void do_line(struct tool *t, const char *s, size_t n)
{
	struct sk_err err = {0};
	json_t *v = sk_json_parse(s, n, &err);
	json_t *a = v ? command(t, v) : json_pack("{s:i, s:s}", "code", -EINVAL, "en", err.en);

	printf("= ");
	json_dumpf(a, stdout, JSON_COMPACT);
	printf("\n");
	fflush(stdout);
	json_decref(a);
	json_decref(v);
}

static int on_input(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	struct tool *t = userdata;
	ssize_t n = read(fd, t->line + t->n, sizeof(t->line) - t->n);
	char *end;

	if (n <= 0)
		return sd_event_exit(t->ev, n < 0);
	t->n += (size_t)n;
	while ((end = memchr(t->line, '\n', t->n))) {
		size_t len = (size_t)(end - t->line);

		do_line(t, t->line, len);
		t->n -= len + 1;
		memmove(t->line, end + 1, t->n);
	}
	return 0;
}

static int confine(void *arg)
{
	return 0;
}

int main(int argc, char **argv)
{
	struct mg_radius_opts o = {.status_port = 1812, .agent_fd = -1};
	struct mg_radius_ops ops = {stored, store};
	struct tool *t = calloc(1, sizeof(*t));
	struct mg_events_opts eo = {.retention_days = MG_RETENTION_DAYS_MIN};
	struct sk_err err = {0};
	int r;

	if (argc != 6 || !t) {
		fputs("usage: radiusctl EXPORT SESSIONS SPOOL-DIR SECRETS EVENTS-DIR\n", stderr);
		return 2;
	}
	sk_log_init("radiusctl", LOG_INFO);
	o.export_path = argv[1];
	o.sessions_path = argv[2];
	o.spool_dir = argv[3];
	eo.dir = argv[5];
	r = mg_radius_fork(&o.agent_fd, argv[4], -1, confine, NULL, &err);
	if (r == 0)
		r = mg_events_open(&t->events, &eo, &err);
	if (r == 0)
		r = sd_event_new(&t->ev);
	if (r >= 0)
		r = mg_radius_start(&t->m, t->ev, &o, &ops, t, &err);
	if (r >= 0)
		r = sd_event_add_io(t->ev, NULL, 0, EPOLLIN, on_input, t);
	if (r < 0)
		sk_log_err(LOG_CRIT, "start", &err);
	else
		r = sd_event_loop(t->ev);
	mg_radius_stop(t->m);
	mg_events_close(t->events);
	sd_event_unref(t->ev);
	free(t);
	return r < 0 ? 1 : r;
}
