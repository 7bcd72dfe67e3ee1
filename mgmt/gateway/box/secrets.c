// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Passwords and keys of other programs. Each is read by the service manager when it starts the
 * program (LoadCredential=), so whoever has one already is started again.
 */
#include "mgmt/gateway/box/secrets.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/secret/secret.h"

#define SYSTEMD "org.freedesktop.systemd1"

static const char *file_of(const struct mg_box *b, enum mg_secret s, char *dst, size_t cap)
{
	char name[256];

	snprintf(name, sizeof(name), SK_SYSCONFDIR "/%s", mg_secret_file(s));
	return mg_box_path(b, name, dst, cap);
}

static void wipe(struct sk_buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	sk_buf_done(b);
}

static int kind_of(const json_t *args, enum mg_secret *ret, struct sk_err *err)
{
	const char *name = NULL;
	int r = sk_json_str(args, "secret", true, &name, err);

	return r == 0 ? mg_secret_find(name, ret, err) : r;
}

/* ---- list -------------------------------------------------------------------------------------
 */
/* A file that somebody wrote by hand may be wrong: that is said in its place. */
static int add_file(const struct mg_box *b, enum mg_secret s, json_t *list, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *names = NULL;
	struct sk_err why = {0};
	struct sk_buf text;
	struct stat st;
	char path[512];
	json_t *v;
	int r;

	if (stat(file_of(b, s, path, sizeof(path)), &st) < 0)
		return errno == ENOENT
			? 0
			: sk_err_en(err, -errno, NULL, "%s: %s", path, strerror(errno));
	sk_buf_init(&text, MG_SECRET_BYTES_MAX);
	r = sk_file_read(path, &text, &why);
	if (r == 0)
		r = mg_secret_check(s, sk_buf_str(&text), text.len, &names, &why);
	wipe(&text);
	v = json_pack("{s:s, s:s, s:I, s:O?}", "secret", mg_secret_name(s), "file", path, "since",
		(json_int_t)st.st_mtime, "names", names);
	if (v && r < 0) {
		json_object_set_new(v, "error_en", json_string(why.en));
		json_object_set_new(v, "error_ja", json_string(sk_err_text(&why, SK_JA)));
	}
	return v && json_array_append_new(list, v) == 0 ? 0 : sk_err_nomem(err);
}

static int list(const struct mg_box *b, json_t **extra, struct sk_err *err)
{
	json_t *v = json_array();
	int r = v ? 0 : sk_err_nomem(err);

	for (enum mg_secret s = 0; r == 0 && s < MG_SECRETS; s++)
		r = add_file(b, s, v, err);
	*extra = json_pack("{s:o}", "secrets", v);
	return r;
}

/* ---- write ------------------------------------------------------------------------------------
 */
struct change {
	enum mg_secret kind;
	char path[512];
	struct sk_buf old, text; /* what is there; what comes */
	char *all;               /* both, if other names stay */
	json_t *names, *diff;
};

static void change_done(struct change *c)
{
	wipe(&c->old);
	wipe(&c->text);
	if (c->all)
		explicit_bzero(c->all, strlen(c->all));
	free(c->all);
	json_decref(c->names);
	json_decref(c->diff);
}

static int put(struct change *c, const char *text, struct sk_err *err)
{
	c->diff = mg_secret_diff(c->kind, sk_buf_str(&c->old), text);
	if (!c->diff)
		return sk_err_nomem(err);
	if (json_array_size(c->names))
		return sk_file_replace(c->path, text, strlen(text), 0600, err);
	return sk_file_remove(c->path, err);
}

/* What is there of other names stays. */
static int put_added(struct change *c, struct sk_err *err)
{
	json_t *names = NULL;
	int r;

	c->all = mg_secret_add(c->kind, sk_buf_str(&c->text), c->names, sk_buf_str(&c->old));
	r = c->all ? mg_secret_check(c->kind, c->all, strlen(c->all), &names, err)
		   : sk_err_nomem(err);
	if (r < 0)
		return r;
	json_decref(c->names);
	c->names = names;
	return put(c, c->all, err);
}

static bool manager(void)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;

	return sd_bus_open_system(&bus) >= 0;
}

static int read_both(struct change *c, int memfd, struct sk_err *err)
{
	int r = sk_fd_read(memfd, &c->text, err);

	if (r == 0)
		r = mg_secret_check(c->kind, sk_buf_str(&c->text), c->text.len, &c->names, err);
	if (r < 0)
		return r;
	r = sk_file_read(c->path, &c->old, err);
	return r == -ENOENT ? 0 : r;
}

static int told(const struct change *c, json_t **extra)
{
	*extra = json_copy(c->diff);
	json_object_set(*extra, "names", c->names);
	json_object_set_new(*extra, "manager", json_boolean(manager()));
	return 0;
}

static int write_one(const struct mg_box *b, const struct sk_oneshot_request *q, json_t **extra,
	struct sk_err *err)
{
	_cleanup_(change_done) struct change c = {0};
	int r = kind_of(q->args, &c.kind, err);

	sk_buf_init(&c.old, MG_SECRET_BYTES_MAX);
	sk_buf_init(&c.text, MG_SECRET_BYTES_MAX);
	if (r == 0 && q->memfd < 0)
		r = sk_err_en(err, -EINVAL, NULL, "the content did not come along");
	if (r < 0)
		return r;
	file_of(b, c.kind, c.path, sizeof(c.path));
	r = read_both(&c, q->memfd, err);
	if (r == 0)
		r = json_is_true(json_object_get(q->args, "add"))
			? put_added(&c, err)
			: put(&c, sk_buf_str(&c.text), err);
	if (r < 0)
		return r;
	return told(&c, extra);
}

/* ---- remove -----------------------------------------------------------------------------------
 */
static bool has(const json_t *names, const char *name)
{
	const json_t *v;
	size_t i;

	json_array_foreach (names, i, v)
		if (sk_streq(json_string_value(v), name))
			return true;
	return false;
}

static int all_there(const json_t *there, const json_t *names, struct sk_err *err)
{
	const json_t *v;
	size_t i;

	json_array_foreach (names, i, v)
		if (!has(there, json_string_value(v)))
			return sk_err_set(err, -ENOENT, "names",
				"there is nothing under the name %s: nothing was changed (sekisho "
				"secret list)",
				"%s という名前はありません。何も変更していません (sekisho secret "
				"list)",
				json_string_value(v) ? json_string_value(v) : "?");
	return 0;
}

static int put_rest(struct change *c, const json_t *gone, struct sk_err *err)
{
	int r = 0;

	c->all = mg_secret_add(c->kind, "", gone, sk_buf_str(&c->old));
	if (c->all && c->all[strspn(c->all, "\n")])
		r = mg_secret_check(c->kind, c->all, strlen(c->all), &c->names, err);
	else if (c->all)
		c->names = json_array();
	if (r == 0 && !c->names)
		r = sk_err_nomem(err);
	return r == 0 ? put(c, c->all, err) : r;
}

/* Somebody's alone; nobody can read the others' back to write them again. */
static int remove_names(const struct mg_box *b, const struct sk_oneshot_request *q, json_t **extra,
	struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *there = NULL;
	_cleanup_(change_done) struct change c = {0};
	json_t *gone = NULL;
	int r = kind_of(q->args, &c.kind, err);

	sk_buf_init(&c.old, MG_SECRET_BYTES_MAX);
	sk_buf_init(&c.text, MG_SECRET_BYTES_MAX);
	if (r == 0)
		r = sk_json_array(q->args, "names", true, &gone, err);
	if (r < 0)
		return r;
	file_of(b, c.kind, c.path, sizeof(c.path));
	r = sk_file_read(c.path, &c.old, err);
	if (r == 0)
		r = mg_secret_check(c.kind, sk_buf_str(&c.old), c.old.len, &there, err);
	if (r == 0 || r == -ENOENT)
		r = all_there(there, gone, err);
	if (r < 0)
		return r;
	r = put_rest(&c, gone, err);
	return r == 0 ? told(&c, extra) : r;
}

/* ---- who reads it -----------------------------------------------------------------------------
 */
static int job(sd_bus *bus, const char *method, const char *unit, struct sk_err *err)
{
	_cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(bus, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager",
		method, &e, NULL, "ss", unit, "replace");

	return r < 0 ? sk_err_set(err, r, NULL,
			       "%s is not started again (%s): it reads what was written when the "
			       "machine is restarted",
			       "%s を再起動できません (%s)。書き込んだ内容は、装置の再起動後に有効"
			       "になります",
			       unit, e.message ? e.message : strerror(-r))
		     : 0;
}

/* The manager comes last: it is who asks. */
static int activate(const struct mg_box *b, const json_t *args, struct sk_err *err)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	char path[512];
	enum mg_secret s;
	int r = kind_of(args, &s, err);

	/* A process of its own for each list that is fetched reads them anew. */
	if (r < 0 || s == MG_SECRET_FEEDS)
		return r;
	r = sd_bus_open_system(&bus);
	if (r < 0)
		return sk_err_set(err, -EHOSTDOWN, NULL,
			"the service manager cannot be reached (%s): what was written is read when "
			"the machine is restarted",
			"サービスマネージャーに接続できません (%s)。書き込んだ内容は、装置の再起動"
			"後に有効になります",
			strerror(-r));
	r = 0;
	if (s == MG_SECRET_USERS)
		return job(bus, "TryRestartUnit", "sekisho-radius.service", err);
	if (s == MG_SECRET_RADIUS) {
		const bool there = access(file_of(b, s, path, sizeof(path)), F_OK) == 0;

		r = job(bus, there ? "RestartUnit" : "StopUnit", "sekisho-radius.service", err);
		if (r < 0)
			sk_log_err(LOG_WARNING, "secrets of switches", err);
	}
	return job(bus, "RestartUnit", "sekisho-mgmtd.service", err) < 0 ? -EIO : r;
}

int mg_box_secret(const struct mg_box *b, const struct sk_oneshot_request *q, json_t **extra,
	struct sk_err *err)
{
	if (strcmp(q->op, "secret.list") == 0)
		return list(b, extra, err);
	if (strcmp(q->op, "secret.write") == 0)
		return write_one(b, q, extra, err);
	if (strcmp(q->op, "secret.remove") == 0)
		return remove_names(b, q, extra, err);
	if (strcmp(q->op, "secret.activate") == 0)
		return activate(b, q->args, err);
	return sk_oneshot_unknown(err);
}
