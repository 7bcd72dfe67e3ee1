// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The inspection policy as one document (docs/ipc.md): the files of the rule set in use, what the
 * profile says, the exceptions in force, the site's networks. Everything in it was approved or
 * imported by somebody whose name is in the registry.
 */
#include <errno.h>
#include <string.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/mgmtd/inspect.h"
#include "mgmt/store/changes.h"
#include "mgmt/store/exceptions.h"
#include "mgmt/store/sets.h"

#define PROFILE_MAX (1u << 20)

int mg_inspect_folder(const struct mg_daemon *d, uint32_t version, char *dst, struct sk_err *err)
{
	if (snprintf(dst, 512, "%s/%u", d->o.rules_dir, version) >= 512)
		return sk_err_en(err, -ENAMETOOLONG, d->o.rules_dir, "is too long");
	return 0;
}

/* What the profile chooses by; its file is part of the installation. */
static int add_profile(struct mg_daemon *d, json_t *doc, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *file = NULL;
	char name[32] = "", path[512];
	json_t *criteria = NULL;
	struct sk_buf b;
	int r;

	r = mg_setting_get(d->store, "ips.profile", name, sizeof(name));
	if (r < 0)
		return sk_err_en(err, r, NULL, "ips.profile");
	snprintf(path, sizeof(path), "%s/%s.json", d->o.profiles_dir, name);
	sk_buf_init(&b, PROFILE_MAX);
	r = sk_file_read(path, &b, err);
	if (r == 0) {
		file = sk_json_parse(sk_buf_str(&b), b.len, err);
		r = file ? sk_json_array(file, "criteria", true, &criteria, err) : -EINVAL;
	}
	sk_buf_done(&b);
	if (r < 0) {
		sk_err_prefix(err, "%.200s", path);
		return r;
	}
	json_object_set_new(doc, "profile", json_string(name));
	json_object_set(doc, "criteria", criteria);
	return 0;
}

static int add_files(struct mg_daemon *d, json_t *doc, const struct mg_set *set, struct sk_err *err)
{
	static const char *const named[] = {"classification", "reference", "threshold"};
	json_t *rules = json_array();
	char folder[512];
	int r = mg_inspect_folder(d, set->version, folder, err);

	json_object_set_new(doc, "rules", rules);
	for (size_t i = 0; r == 0 && i < json_array_size(set->files); i++) {
		const json_t *f = json_array_get(set->files, i);
		const char *name = json_string_value(json_object_get(f, "name"));
		const char *sha = json_string_value(json_object_get(f, "sha256"));
		const json_t *until = json_object_get(f, "monitor_until");
		json_t *one = json_pack(
			"{s:o, s:s}", "path", json_sprintf("%s/%s", folder, name), "sha256", sha);
		bool config = false;

		for (size_t k = 0; k < SK_ARRAY_SIZE(named); k++)
			if (strncmp(name, named[k], strlen(named[k])) == 0 && !until) {
				json_object_set_new(doc, named[k], one);
				config = true;
			}
		if (config)
			continue;
		json_object_set(one, "monitor_until", (json_t *)until);
		json_array_append_new(rules, one);
	}
	return r;
}

static int add_exception(const struct mg_record *rec, void *arg)
{
	const struct mg_exception *x = (const struct mg_exception *)rec;
	json_t *v = json_pack("{s:I, s:I, s:I, s:s, s:s, s:s, s:I}", "number",
		(json_int_t)rec->number, "gid", (json_int_t)x->gid, "sid", (json_int_t)x->sid,
		"src", x->source, "dst", x->destination, "action", x->action, "expires",
		(json_int_t)rec->expiry);

	return json_array_append_new(arg, v) < 0 ? -ENOMEM : 0;
}

static int add_exceptions(struct mg_daemon *d, json_t *doc, struct sk_err *err)
{
	const struct mg_record_filter active = {
		.state = "active", .fn = add_exception, .arg = json_object_get(doc, "exceptions")};

	return mg_record_each(&mg_exception_kind, d->store, &active, err);
}

/* "10.0.0.0/8,fc00::/7" to "[10.0.0.0/8,fc00::/7]" */
static void add_vars(struct mg_daemon *d, json_t *doc)
{
	char home[1024] = "";
	json_t *vars = json_object();

	mg_setting_get(d->store, "ips.home_net", home, sizeof(home));
	if (home[0]) {
		json_object_set_new(vars, "HOME_NET", json_sprintf("[%s]", home));
		json_object_set_new(vars, "EXTERNAL_NET", json_string("!$HOME_NET"));
	}
	json_object_set_new(doc, "vars", vars);
}

static void add_engine(struct mg_daemon *d, json_t *doc)
{
	json_t *engine = json_object(), *log = json_array();
	char text[256] = "";

	mg_setting_get(d->store, "ips.log", text, sizeof(text));
	for (const char *s = text; *s;) {
		size_t n = strcspn(s, ",");

		json_array_append_new(log, json_stringn(s, n));
		s += n + (s[n] == ',');
	}
	json_object_set_new(engine, "log", log);
	json_object_set_new(engine, "bypass", json_boolean(mg_setting_int(d->store, "ips.bypass")));
	mg_setting_get(d->store, "ips.pressure", text, sizeof(text));
	json_object_set_new(engine, "pressure", json_string(text));
	json_object_set_new(doc, "engine", engine);
}

json_t *mg_inspect_document(struct mg_daemon *d, int64_t now, struct sk_err *err)
{
	json_t *doc = json_pack("{s:s, s:[]}", "format", "sekisho-ips-policy-1", "exceptions");
	struct mg_set set;
	int r = doc ? mg_set_get(d->store, 0, &set, err) : sk_err_nomem(err);

	if (r < 0) {
		json_decref(doc);
		return NULL;
	}
	r = add_profile(d, doc, err);
	if (r == 0)
		r = add_files(d, doc, &set, err);
	if (r == 0)
		r = add_exceptions(d, doc, err);
	mg_set_done(&set);
	if (r < 0) {
		json_decref(doc);
		return NULL;
	}
	add_vars(d, doc);
	add_engine(d, doc);
	return doc;
}
