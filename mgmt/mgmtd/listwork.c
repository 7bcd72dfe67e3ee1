// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The forked child that holds a fetched list against what is known, or merges all lists into the
 * document: seconds of work and hundreds of megabytes that the daemon must not spend. It reads the
 * registry by a connection of its own, writes files in lists/, answers on its socket and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/contacts/contacts.h"
#include "mgmt/feeds/check.h"
#include "mgmt/feeds/merge.h"
#include "mgmt/mgmtd/listown.h"
#include "mgmt/mgmtd/lists_private.h"
#include "mgmt/store/allow.h"
#include "mgmt/store/changes.h"

#define DAY 86400
#define OUT_FLAGS_MAX 4096

struct mapped {
	const void *p; /* NULL: there is none */
	size_t n;
};

struct work {
	struct mg_daemon *d;
	struct sk_buf allow, local; /* lists */
	json_t *answer;
	int memfd; /* goes with the answer, -1 none */
};

static struct mapped map_fd(int fd)
{
	struct mapped m = {NULL, 0};
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0)
		return m;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return m;
	return (struct mapped){p, (size_t)st.st_size};
}

/* The file may be replaced, never changed: its mapping stays whole. */
static struct mapped map_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct mapped m = map_fd(fd);

	sk_closep(&fd);
	return m;
}

/* ---- what the registry has, as lists ----------------------------------------------------------
 */
static int add_value(struct mg_list_builder *b, enum sk_bl_kind kind, const char *value,
	int64_t since, const char *note)
{
	struct mg_list_entry e = {.kind = kind,
		.value = value,
		.len = strlen(value),
		.note = note,
		.note_len = strlen(note),
		.since = since};

	if (kind == SK_BL_ADDR4 || kind == SK_BL_ADDR6)
		sk_bl_range(kind, value, e.len, &e.lo, &e.hi);
	return mg_list_add(b, &e);
}

static int add_allow(const struct mg_record *rec, void *arg)
{
	const struct mg_allow *x = (const struct mg_allow *)rec;

	return add_value(arg, x->kind, x->value, rec->registered, "");
}

static int add_local(const struct mg_entry *e, void *arg)
{
	return add_value(arg, e->kind, e->value, e->since, e->purpose);
}

static int to_list(
	struct mg_list_builder *b, const char *name, struct sk_buf *out, int r, struct sk_err *err)
{
	const struct mg_list_meta m = {
		.feed = name, .fetched = 1, .lines = mg_list_builder_count(b)};
	uint64_t kinds[SK_BL_KINDS];

	if (r == 0)
		r = mg_list_write(b, &m, out, kinds, err);
	mg_list_builder_free(b);
	return r;
}

static int read_registry(struct work *w, struct sk_err *err)
{
	struct mg_list_builder *allow = mg_list_builder_new(MG_ALLOW_MAX + 1);
	struct mg_list_builder *local = mg_list_builder_new(MG_ENTRIES_MAX + 1);
	const struct mg_record_filter active = {.state = "active", .fn = add_allow, .arg = allow};
	int r = allow && local ? 0 : sk_err_nomem(err);

	if (r == 0)
		r = mg_record_each(&mg_allow_kind, w->d->store, &active, err);
	r = to_list(allow, "allow", &w->allow, r, err);
	if (r == 0)
		r = mg_entry_each(w->d->store, false, add_local, local, err);
	return to_list(local, MG_FEED_LOCAL, &w->local, r, err);
}

/* ---- check ------------------------------------------------------------------------------------
 */
struct others {
	const char *name;
	uint64_t entries;
};

static int add_others(const struct mg_feed *f, void *arg)
{
	struct others *o = arg;

	if (f->enabled && !sk_streq(f->name, o->name))
		o->entries += (uint64_t)f->entries;
	return 0;
}

static int limits_of(
	struct work *w, const struct mg_feed *f, struct mg_check_limits *l, struct sk_err *err)
{
	struct mg_store *s = w->d->store;
	struct others o = {.name = f->name};
	uint64_t max = (uint64_t)mg_setting_int(s, "blocklist.max_entries");
	int r = mg_feed_each(s, false, add_others, &o, err);

	*l = (struct mg_check_limits){.errors = (unsigned)mg_setting_int(s, "blocklist.max_errors"),
		.bad = (unsigned)mg_setting_int(s, "blocklist.max_bad"),
		.loss = (unsigned)mg_setting_int(s, "blocklist.max_loss"),
		.growth = (unsigned)mg_setting_int(s, "blocklist.max_growth"),
		.hits = (unsigned)mg_setting_int(s, "blocklist.max_hits"),
		.cover = (unsigned)mg_setting_int(s, "blocklist.max_cover"),
		.width4 = (unsigned)mg_setting_int(s, "blocklist.width4"),
		.width6 = (unsigned)mg_setting_int(s, "blocklist.width6"),
		.block = f->block,
		.room = max > o.entries ? max - o.entries : 0};
	return r;
}

struct cleaning {
	const struct mg_check_in *in;
	struct mg_list_builder *b;
};

static int keep(const struct mg_list_entry *e, void *arg)
{
	struct cleaning *c = arg;

	return mg_check_entry(c->in, e) == MG_CHECK_OK ? mg_list_add(c->b, e) : 0;
}

/* The list without the entries that are left out. */
static int clean(
	const struct mg_check_in *in, struct mapped list, struct sk_buf *out, struct sk_err *err)
{
	struct cleaning c = {in, mg_list_builder_new(MG_LIST_BYTES_MAX / 8)};
	struct mg_list_head h = {.json = NULL};
	struct mg_list_meta m;
	uint64_t kinds[SK_BL_KINDS];
	int r = c.b ? mg_list_check(list.p, list.n, &h, keep, &c, err) : sk_err_nomem(err);

	if (r == 0) {
		m = (struct mg_list_meta){.feed = h.feed,
			.fetched = h.fetched,
			.lines = h.lines,
			.errors = h.errors,
			.ignored = h.ignored,
			.previous = list.p,
			.previous_len = list.n};
		r = mg_list_write(c.b, &m, out, kinds, err);
	}
	mg_list_head_done(&h);
	mg_list_builder_free(c.b);
	return r;
}

static int stage(struct work *w, const char *feed, const struct mg_check_in *in, struct mapped list,
	bool cleaning, struct sk_err *err)
{
	char path[512], sha[65];
	struct sk_buf out;
	int r;

	sk_buf_init(&out, MG_LIST_BYTES_MAX);
	r = cleaning ? clean(in, list, &out, err) : 0;
	if (r == 0 && cleaning)
		list = (struct mapped){out.data, out.len};
	if (r == 0)
		r = mg_list_sha256(list.p, list.n, sha);
	if (r == 0)
		r = mg_lists_path(w->d, feed, "staged", path, sizeof(path));
	if (r == 0)
		r = sk_file_replace(path, list.p, list.n, 0600, err);
	if (r == 0)
		json_object_set_new(w->answer, "sha256", json_string(sha));
	sk_buf_done(&out);
	return r;
}

static void put_result(json_t *v, const struct mg_check_result *r)
{
	json_t *examples = json_array();
	struct sk_buf en, ja;

	sk_buf_init(&en, OUT_FLAGS_MAX);
	sk_buf_init(&ja, OUT_FLAGS_MAX);
	for (size_t i = 0; i < r->n_reasons; i++) {
		sk_buf_printf(&en, "%s%s", i ? "; " : "", r->reasons[i].en);
		sk_buf_printf(&ja, "%s%s", i ? "。" : "", r->reasons[i].ja);
	}
	for (size_t i = 0; i < r->n_examples; i++) {
		const struct mg_check_example *x = &r->examples[i];
		static const struct sk_text hit[2] = {{"this site talks to it", "日常の通信先"},
			{"on the allow-list", "除外リスト"}};
		const struct sk_text *t =
			x->fault ? mg_check_fault_text(x->fault) : &hit[x->allowed];

		json_array_append_new(examples,
			json_pack("{ss ss ss}", "value", x->text, "en", t->en, "ja", t->ja));
	}
	json_object_update_new(v,
		json_pack("{sb sI sI sI sI sI sI sI sI sI ss ss so}", "accept", r->accept,
			"entries", (json_int_t)r->entries, "before", (json_int_t)r->before, "added",
			(json_int_t)r->added, "gone", (json_int_t)r->removed, "left_out",
			(json_int_t)r->left_out, "lines", (json_int_t)r->lines, "errors",
			(json_int_t)r->errors, "allow_hits", (json_int_t)r->allow_hits,
			"contact_hits", (json_int_t)r->contact_hits, "why_en", sk_buf_str(&en),
			"why_ja", sk_buf_str(&ja), "examples", examples));
	sk_buf_done(&en);
	sk_buf_done(&ja);
}

/* What was seen on a single day is no habit: a device just infected, or a mistake. */
#define HABIT_DAYS 2

/* Does this site talk to what the entry covers? */
static bool contacted(const struct mg_list_entry *e, void *arg)
{
	const struct sk_bl_entry x = {
		.kind = e->kind, .value = e->value, .len = e->len, .lo = e->lo, .hi = e->hi};
	struct mg_contacts_hit hit;

	return mg_contacts_hit(arg, &x, &hit) && hit.days >= HABIT_DAYS;
}

/* Without the memory of contacts a list is checked against all else. */
static struct mg_contacts_set *contacts(struct work *w)
{
	struct mg_contacts_set *set = NULL;
	struct sk_err err = {0};

	if (mg_contacts_load(&set, w->d->contacts_db, sk_now() - MG_CONTACTS_DAYS * DAY, &err) < 0)
		sk_log_err(LOG_WARNING, "contacts", &err);
	return set;
}

static int check(struct work *w, const json_t *args, int list_fd, struct sk_err *err)
{
	struct mg_contacts_set *talks = contacts(w);
	const char *name = json_string_value(json_object_get(args, "feed"));
	struct mg_check_net *own = calloc(MG_LISTS_OWN_MAX, sizeof(*own));
	struct mapped list = map_fd(list_fd), before;
	struct mg_check_in in = {.allow = w->allow.data, .allow_n = w->allow.len};
	struct mg_check_result res;
	struct mg_feed f = {.definition = NULL};
	char path[512];
	int r = own && name ? mg_feed_get(w->d->store, name, &f, err) : sk_err_nomem(err);

	if (r == 0)
		r = limits_of(w, &f, &in.limits, err);
	if (r == 0)
		r = mg_lists_path(w->d, name, "list", path, sizeof(path));
	if (r < 0)
		goto out;
	before = map_file(path);
	in.before = before.p;
	in.before_n = before.n;
	in.own = own;
	in.n_own = mg_lists_own(w->d->store, own);
	in.contacted = talks ? contacted : NULL;
	in.arg = talks;
	r = mg_check(&in, list.p, list.n, &res, err);
	if (r == 0)
		r = stage(w, name, &in, list, res.left_out, err);
	if (r == 0)
		put_result(w->answer, &res);
out:
	mg_feed_done(&f);
	mg_contacts_unload(talks);
	free(own);
	return r;
}

/* ---- merge ------------------------------------------------------------------------------------
 */
struct merging {
	struct work *w;
	struct mg_merge_feed feeds[SK_BL_FEEDS_MAX];
	char names[SK_BL_FEEDS_MAX][SK_BL_NAME_MAX];
	bool older[SK_BL_FEEDS_MAX]; /* the version before the damaged one is tried */
	size_t n;
};

static struct mapped list_of(struct work *w, const char *name, const char *suffix)
{
	char path[512];

	if (sk_streq(name, MG_FEED_LOCAL))
		return (struct mapped){w->local.data, w->local.len};
	if (mg_lists_path(w->d, name, suffix, path, sizeof(path)) < 0)
		return (struct mapped){NULL, 0};
	return map_file(path);
}

static int add_feed(const struct mg_feed *f, void *arg)
{
	struct merging *m = arg;
	struct mapped list;

	if (!f->enabled || m->n == SK_BL_FEEDS_MAX)
		return 0;
	list = list_of(m->w, f->name, "list");
	snprintf(m->names[m->n], SK_BL_NAME_MAX, "%s", f->name);
	m->feeds[m->n] = (struct mg_merge_feed){m->names[m->n], f->block, list.p, list.n};
	m->n++;
	return 0;
}

/* Further keys of the document: how the engine answers blocked look-ups, whether it learns. */
static json_t *head_of(struct mg_store *s)
{
	json_t *dns = json_object(), *v = json_object();
	char text[64] = "";

	mg_setting_get(s, "blocklist.dns_answer", text, sizeof(text));
	json_object_set_new(dns, "answer", json_string(text));
	mg_setting_get(s, "blocklist.dns_a", text, sizeof(text));
	if (text[0])
		json_object_set_new(dns, "a", json_string(text));
	mg_setting_get(s, "blocklist.dns_aaaa", text, sizeof(text));
	if (text[0])
		json_object_set_new(dns, "aaaa", json_string(text));
	json_object_set_new(v, "dns", dns);
	json_object_set_new(v, "learn", json_boolean(mg_setting_int(s, "blocklist.learn")));
	return v;
}

/* A list that fell ill on the disk: the version before it, else none. */
static void replace_bad(struct merging *m, size_t bad, json_t *damaged)
{
	struct mapped older = {NULL, 0};

	sk_log(LOG_ERR, "the list of %s is damaged", m->names[bad]);
	if (!m->older[bad]) {
		json_array_append_new(damaged, json_string(m->names[bad]));
		older = list_of(m->w, m->names[bad], "prev");
	}
	m->older[bad] = true;
	m->feeds[bad].p = older.p;
	m->feeds[bad].n = older.n;
}

static int write_document(struct work *w, const struct sk_buf *out, struct sk_err *err)
{
	char path[512];
	int r = mg_lists_path(w->d, MG_LIST_DOC, NULL, path, sizeof(path));

	if (r == 0)
		r = sk_file_replace(path, out->data, out->len, 0600, err);
	if (r < 0)
		return r;
	w->memfd = sk_memfd("blocklist", out->data, out->len);
	return w->memfd < 0 ? sk_err_en(err, w->memfd, NULL, "memfd: %s", strerror(-w->memfd)) : 0;
}

static int merge_into(struct merging *m, const json_t *args, struct sk_buf *out, struct sk_err *err)
{
	struct work *w = m->w;
	_cleanup_(sk_json_decrefp) json_t *head = head_of(w->d->store);
	json_t *damaged = json_array();
	const char *content = json_string_value(json_object_get(args, "content"));
	struct mg_merge_in in = {.feeds = m->feeds,
		.n_feeds = m->n,
		.allow = w->allow.data,
		.allow_n = w->allow.len,
		.head = head,
		.generation = (uint64_t)json_integer_value(json_object_get(args, "generation")),
		.max_entries = (uint64_t)mg_setting_int(w->d->store, "blocklist.max_entries")};
	struct mg_merge_stat st;
	int r;

	json_object_set_new(w->answer, "damaged", damaged);
	while ((r = mg_merge(&in, out, &st, err)) == -EINVAL && st.bad < m->n) {
		replace_bad(m, st.bad, damaged);
		sk_buf_reset(out);
	}
	if (r < 0)
		return r;
	json_object_update_new(w->answer,
		json_pack("{sI sI sI ss ss}", "entries", (json_int_t)st.entries, "allowed",
			(json_int_t)st.allowed, "doubles", (json_int_t)st.doubles, "sha256",
			st.sha256, "content", st.content));
	if (sk_streq(content, st.content)) {
		json_object_set_new(w->answer, "same", json_true());
		return 0;
	}
	return write_document(w, out, err);
}

/* The site's own entries lie beside the others, for whoever asks which list has something. */
static int write_local(struct work *w, struct sk_err *err)
{
	char path[512];
	int r = mg_lists_path(w->d, MG_FEED_LOCAL, "list", path, sizeof(path));

	return r < 0 ? r : sk_file_replace(path, w->local.data, w->local.len, 0600, err);
}

static int merge(struct work *w, const json_t *args, struct sk_err *err)
{
	struct merging *m = calloc(1, sizeof(*m));
	struct sk_buf out;
	int r = m ? 0 : sk_err_nomem(err);

	sk_buf_init(&out, MG_LIST_DOC_MAX);
	if (r == 0) {
		m->w = w;
		r = mg_feed_each(w->d->store, false, add_feed, m, err);
	}
	if (r == 0)
		r = write_local(w, err);
	if (r == 0)
		r = merge_into(m, args, &out, err);
	sk_buf_done(&out);
	free(m);
	return r;
}

/* ---- the job ----------------------------------------------------------------------------------
 */
static int run(struct work *w, struct sk_ipc_msg *m, struct sk_err *err)
{
	const char *op = json_string_value(json_object_get(m->body, "op"));
	const json_t *args = json_object_get(m->body, "args");
	int r = read_registry(w, err);

	if (r < 0)
		return r;
	return sk_streq(op, "check") ? check(w, args, m->fd, err) : merge(w, args, err);
}

int mg_lists_work(const struct mg_daemon_opts *o, int fd)
{
	struct work w = {.d = calloc(1, sizeof(*w.d)), .answer = json_object(), .memfd = -1};
	struct sk_err err = {0};
	struct sk_ipc_msg m;
	json_t *end;
	int r;

	sk_buf_init(&w.allow, MG_LIST_BYTES_MAX);
	sk_buf_init(&w.local, MG_LIST_BYTES_MAX);
	if (!w.d || !w.answer || sk_ipc_recv(fd, 10000, &m, &err) < 0 ||
		mg_daemon_reader(w.d, o, &err) < 0) {
		sk_log_err(LOG_ERR, "blocklist job", &err);
		return 1;
	}
	r = mg_store_open_reader(&w.d->store, &w.d->paths, &err);
	if (r == 0)
		r = run(&w, &m, &err);
	end = sk_ipc_end_body(r, &err, w.answer);
	r = end ? sk_ipc_send(fd, SK_IPC_END, 1, end, w.memfd, NULL) : -ENOMEM;
	return r < 0 ? 1 : 0;
}
