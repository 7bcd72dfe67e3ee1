// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * People sign in at the console as Unix users of their own. Where /etc is made anew at each start
 * (the image), /etc/sekisho/people keeps who they are: lines "name:uid:display:hash".
 */
#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <shadow.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/gateway/box/box.h"

#define FILE_MAX (1u << 20)
#define UID_MIN 1000
#define MANY 256

int mg_box_hash(const char *password, char *dst, size_t cap, struct sk_err *err)
{
	struct crypt_data *d = calloc(1, sizeof(*d));
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *hash = NULL;
	int r = d ? 0 : -ENOMEM;

	if (r == 0 && !crypt_gensalt_rn("$y$", 0, NULL, 0, salt, sizeof(salt)))
		r = -errno;
	if (r == 0 && !(hash = crypt_rn(password, salt, d, sizeof(*d))))
		r = -errno;
	if (r == 0 && strlen(hash) >= cap)
		r = -EMSGSIZE;
	if (r == 0)
		snprintf(dst, cap, "%s", hash);
	if (d)
		explicit_bzero(d, sizeof(*d));
	free(d);
	return r < 0 ? sk_err_en(err, r, "password", "cannot be hashed: %s", strerror(-r)) : 0;
}

bool mg_box_verify(const char *password, const char *hash)
{
	struct crypt_data *d = calloc(1, sizeof(*d));
	const char *made = d ? crypt_rn(password, hash, d, sizeof(*d)) : NULL;
	const bool same = made && hash[0] == '$' && strcmp(made, hash) == 0;

	if (d)
		explicit_bzero(d, sizeof(*d));
	free(d);
	return same;
}

/* ---- lines of ':' between fields --------------------------------------------------------------
 */
/* The line of name in text, NULL if it has none; *ret_len without the line's end. */
static const char *line_of(const char *text, const char *name, size_t *ret_len)
{
	const size_t n = strlen(name);

	for (const char *s = text; *s; s += strcspn(s, "\n"), s += *s != 0) {
		if (strncmp(s, name, n) != 0 || s[n] != ':')
			continue;
		*ret_len = strcspn(s, "\n");
		return s;
	}
	return NULL;
}

/* The i-th field of a line into dst; false: there is none, or it is too long. */
static bool field(const char *line, size_t len, unsigned i, char *dst, size_t cap)
{
	const char *end = line + len, *stop;

	for (; i > 0; i--) {
		line = memchr(line, ':', (size_t)(end - line));
		if (!line)
			return false;
		line++;
	}
	stop = memchr(line, ':', (size_t)(end - line));
	stop = stop ? stop : end;
	if ((size_t)(stop - line) >= cap)
		return false;
	memcpy(dst, line, (size_t)(stop - line));
	dst[stop - line] = '\0';
	return true;
}

static bool read_person(const char *line, size_t len, struct mg_box_person *p)
{
	char uid[16];
	uint64_t n;

	if (!field(line, len, 0, p->name, sizeof(p->name)) ||
		!field(line, len, 1, uid, sizeof(uid)) ||
		!field(line, len, 2, p->display, sizeof(p->display)) ||
		!field(line, len, 3, p->hash, sizeof(p->hash)) ||
		sk_parse_u64(uid, 65533, &n) < 0 || n < UID_MIN || !p->name[0])
		return false;
	p->uid = (unsigned)n;
	return true;
}

/* Those of the file that can be read; the number of them. */
static size_t read_people(const char *text, struct mg_box_person *v, size_t max)
{
	size_t n = 0;

	for (const char *s = text; *s && n < max; s += strcspn(s, "\n"), s += *s != 0) {
		if (*s == '\n' || *s == '#')
			continue;
		if (read_person(s, strcspn(s, "\n"), &v[n]))
			n++;
		else
			sk_log(LOG_ERR, "%s: a line is not name:uid:display:hash", MG_BOX_PEOPLE);
	}
	return n;
}

/* Replaced whole, with mode and group as they are. */
static int replace(const char *path, const struct sk_buf *b, mode_t mode, struct sk_err *err)
{
	struct stat st = {0};
	const bool old = stat(path, &st) == 0;
	int r = sk_buf_error(b);

	if (r == 0)
		r = sk_file_replace(
			path, sk_buf_str(b), b->len, old ? st.st_mode & 07777 : mode, err);
	if (r == 0 && old && (st.st_uid != geteuid() || st.st_gid != getegid()) &&
		chown(path, st.st_uid, st.st_gid) < 0)
		r = sk_err_en(err, -errno, NULL, "%s: %s", path, strerror(errno));
	return r;
}

/* ---- Unix users -------------------------------------------------------------------------------
 */
struct change {
	const struct mg_box *b;
	const struct mg_box_person *v;
	size_t n;
	bool passwords; /* also of users that exist */
	bool gone;      /* they go */
};

static void put_passwd(struct sk_buf *b, const struct mg_box_person *p, const char *old, size_t len)
{
	/* A person's folder is where it can be written: the image has no /home of its own. */
	const char *home = access("/home", W_OK) == 0 ? "/home" : "/run/sekisho-home";

	if (!old)
		sk_buf_printf(b, "%s:x:%u:%u:%s:%s/%s:/bin/bash\n", p->name, p->uid, p->uid,
			p->display, home, p->name);
}

static void put_group(struct sk_buf *b, const struct mg_box_person *p, const char *old, size_t len)
{
	if (!old)
		sk_buf_printf(b, "%s:x:%u:\n", p->name, p->uid);
}

static void put_shadow(struct sk_buf *b, const struct mg_box_person *p, const char *old, size_t len)
{
	const char *rest = old ? memchr(old, ':', len) : NULL;

	rest = rest ? memchr(rest + 1, ':', (size_t)(old + len - rest - 1)) : NULL;
	sk_buf_printf(b, "%s:%s", p->name, p->hash[0] ? p->hash : "!");
	if (rest)
		sk_buf_put(b, rest, (size_t)(old + len - rest));
	else
		sk_buf_puts(b, ":20000:0:99999:7:::");
	sk_buf_putc(b, '\n');
}

static const struct table {
	const char *path;
	mode_t mode;
	bool password;
	void (*put)(struct sk_buf *b, const struct mg_box_person *p, const char *old, size_t len);
} tables[] = {
	{"/etc/group", 0644, false, put_group},
	{"/etc/passwd", 0644, false, put_passwd},
	{"/etc/shadow", 0640, true, put_shadow},
};

static int edit(const struct change *c, const struct table *t, struct sk_err *err)
{
	struct sk_buf text, out;
	char path[512];
	bool changed = false;
	int r;

	mg_box_path(c->b, t->path, path, sizeof(path));
	sk_buf_init(&text, FILE_MAX);
	sk_buf_init(&out, FILE_MAX);
	r = sk_file_read(path, &text, err);
	for (size_t i = 0; r == 0 && i < c->n; i++) {
		const struct mg_box_person *p = &c->v[i];
		const char *s = sk_buf_str(&text), *old;
		size_t len = 0;

		old = line_of(s, p->name, &len);
		if (c->gone ? !old : old && (!t->password || !c->passwords || !p->hash[0]))
			continue;
		changed = true;
		sk_buf_reset(&out);
		sk_buf_put(&out, s, old ? (size_t)(old - s) : text.len);
		if (!old && out.len && out.data[out.len - 1] != '\n')
			sk_buf_putc(&out, '\n');
		if (!c->gone)
			t->put(&out, p, old, len);
		if (old)
			sk_buf_puts(&out, old + len + (old[len] == '\n'));
		sk_buf_reset(&text);
		sk_buf_put(&text, sk_buf_str(&out), out.len);
	}
	if (r == 0 && changed)
		r = replace(path, &text, t->mode, err);
	sk_buf_done(&text);
	sk_buf_done(&out);
	return r;
}

/* gone: only if nothing is in it. */
static void make_home(const struct mg_box *b, const struct mg_box_person *p, bool gone)
{
	char path[512];

	/* As put_passwd() chose. */
	if (access("/home", W_OK) == 0) {
		char below[64];

		snprintf(below, sizeof(below), "/home/%s", p->name);
		mg_box_path(b, below, path, sizeof(path));
	} else {
		mg_box_path(b, "/run/sekisho-home", path, sizeof(path));
		mkdir(path, 0755);
		chmod(path, 0755);
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", p->name);
	}
	if (gone)
		rmdir(path);
	else if (mkdir(path, 0700) == 0 && lchown(path, p->uid, p->uid) < 0)
		sk_log(LOG_WARNING, "%s: %s", path, strerror(errno));
}

static int unix_users(const struct change *c, struct sk_err *err)
{
	const bool real = c->b->root[0] == '\0';
	int r = 0;

	if (c->n == 0)
		return 0;
	if (real && lckpwdf() < 0)
		return sk_err_set(err, -EBUSY, NULL,
			"/etc/passwd is locked: somebody changes a password or a user at this "
			"moment; try again when they have finished",
			"ほかの人がパスワードまたはユーザーを変更中です (/etc/passwd "
			"がロックされています)。"
			"終わってからもう一度実行してください");
	for (size_t i = 0; r == 0 && i < SK_ARRAY_SIZE(tables); i++)
		r = edit(c, &tables[i], err);
	if (real)
		ulckpwdf();
	for (size_t i = 0; r == 0 && i < c->n; i++)
		make_home(c->b, &c->v[i], c->gone);
	return r;
}

/* ---- the file ---------------------------------------------------------------------------------
 */
static int write_people(
	const struct mg_box *b, const struct mg_box_person *v, size_t n, struct sk_err *err)
{
	char path[512];
	struct sk_buf s;
	int r;

	sk_buf_init(&s, FILE_MAX);
	for (size_t i = 0; i < n; i++)
		sk_buf_printf(&s, "%s:%u:%s:%s\n", v[i].name, v[i].uid, v[i].display, v[i].hash);
	r = sk_buf_error(&s);
	if (r == 0)
		r = sk_file_replace(mg_box_path(b, MG_BOX_PEOPLE, path, sizeof(path)),
			sk_buf_str(&s), s.len, 0600, err);
	explicit_bzero(s.data, s.len);
	sk_buf_done(&s);
	return r;
}

/*
 * From before it is read until after it is written the file is one program's: the set-up, the
 * console and the keeper of changed passwords are at it. The file that was waited for may have been
 * replaced meanwhile. The descriptor, to be closed; -ENOENT: there is none, and make is false.
 */
static int lock_people(const struct mg_box *b, bool make, struct sk_err *err)
{
	struct stat locked, now;
	char path[512];
	int fd, r;

	mg_box_path(b, MG_BOX_PEOPLE, path, sizeof(path));
	for (;;) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT : 0), 0600);
		if (fd < 0)
			break;
		while ((r = flock(fd, LOCK_EX)) < 0 && errno == EINTR)
			;
		if (r < 0 || fstat(fd, &locked) < 0)
			break;
		if (stat(path, &now) == 0 && now.st_dev == locked.st_dev &&
			now.st_ino == locked.st_ino)
			return fd;
		close(fd);
	}
	r = -errno;
	sk_closep(&fd);
	return sk_err_en(err, r, NULL, "%s: %s", path, strerror(-r));
}

/* Everybody in the file; *ret is owned (free), with room for `more` behind. */
static int load_people(const struct mg_box *b, struct mg_box_person **ret, size_t *ret_n,
	size_t more, struct sk_err *err)
{
	char path[512];
	struct sk_buf s;
	int r;

	sk_buf_init(&s, FILE_MAX);
	r = sk_file_read(mg_box_path(b, MG_BOX_PEOPLE, path, sizeof(path)), &s, err);
	if (r == 0 || r == -ENOENT) {
		*ret = calloc(MANY + more, sizeof(**ret));
		if (*ret)
			*ret_n = read_people(sk_buf_str(&s), *ret, MANY);
		r = *ret ? 0 : sk_err_nomem(err);
	}
	sk_buf_done(&s);
	return r;
}

/* ---- may they be made? ------------------------------------------------------------------------
 */
/* Is name one of the comma-separated ones? */
static bool among(const char *list, const char *name)
{
	const size_t len = strlen(name);

	for (const char *s = list; *s; s += strcspn(s, ","), s += *s == ',')
		if (strcspn(s, ",") == len && strncmp(s, name, len) == 0)
			return true;
	return false;
}

/*
 * Does a line of /etc/passwd or, group, of /etc/group speak against p? known: p is one of ours, and
 * may be there as what it is.
 */
static bool stranger(
	const struct mg_box_person *p, bool known, bool group, const char *line, size_t len)
{
	char name[256], number[16], members[4096] = "";
	uint64_t id = 0;
	bool same, same_id;

	if (!field(line, len, 0, name, sizeof(name)) ||
		!field(line, len, 2, number, sizeof(number)) ||
		sk_parse_u64(number, UINT32_MAX, &id) < 0)
		return false;
	same = strcmp(name, p->name) == 0;
	same_id = id == p->uid;
	if (same != same_id || (same && !known))
		return true;
	if (!group || known)
		return false;
	/* Longer than that: cannot be ruled out. */
	return !field(line, len, 3, members, sizeof(members)) || among(members, p->name);
}

static int check_table(const struct mg_box *b, const char *table, const struct mg_box_person *v,
	const bool *known, size_t n, struct sk_err *err)
{
	const bool group = strcmp(table, "/etc/group") == 0;
	char path[512];
	struct sk_buf s;
	int r;

	sk_buf_init(&s, FILE_MAX);
	r = sk_file_read(mg_box_path(b, table, path, sizeof(path)), &s, err);
	for (const char *l = sk_buf_str(&s); r == 0 && *l; l += strcspn(l, "\n"), l += *l != 0)
		for (size_t i = 0; r == 0 && i < n; i++)
			if (stranger(&v[i], known[i], group, l, strcspn(l, "\n")))
				r = sk_err_set(err, -EEXIST, "people",
					"%s (number %u) is or belongs to somebody else in %s: "
					"choose another name",
					"%s (番号 %u) は %s で別のユーザー・グループとして使われて"
					"います。別の名前にしてください",
					v[i].name, v[i].uid, table);
	sk_buf_done(&s);
	return r;
}

/* One name has one number, and the other way round. */
static int differ(const struct mg_box_person *a, const struct mg_box_person *b, struct sk_err *err)
{
	if ((strcmp(a->name, b->name) == 0) == (a->uid == b->uid))
		return 0;
	return sk_err_set(err, -EEXIST, "people", "%s cannot have the number %u: %s has %u",
		"%s に番号 %u は使えません (%s の番号は %u です)", b->name, b->uid, a->name,
		a->uid);
}

int mg_box_people_check(
	const struct mg_box *b, const struct mg_box_person *v, size_t n, struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_box_person *all = NULL;
	_cleanup_(sk_freep) bool *known = calloc(n + 1, sizeof(*known));
	size_t count = 0;
	int r = known ? load_people(b, &all, &count, 0, err) : sk_err_nomem(err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		for (size_t k = 0; r == 0 && k < count; k++) {
			known[i] = known[i] || strcmp(all[k].name, v[i].name) == 0;
			r = differ(&all[k], &v[i], err);
		}
		for (size_t k = 0; r == 0 && k < i; k++)
			r = differ(&v[k], &v[i], err);
	}
	if (r == 0)
		r = check_table(b, "/etc/passwd", v, known, n, err);
	return r == 0 ? check_table(b, "/etc/group", v, known, n, err) : r;
}

int mg_box_people_set(
	const struct mg_box *b, const struct mg_box_person *v, size_t n, struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_box_person *all = NULL;
	const struct change c = {.b = b, .v = v, .n = n, .passwords = true};
	_cleanup_(sk_closep) int lock = lock_people(b, true, err);
	size_t count = 0, k;
	int r = lock < 0 ? lock : load_people(b, &all, &count, n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		for (k = 0; k < count && strcmp(all[k].name, v[i].name) != 0; k++)
			;
		all[k] = v[i];
		count += k == count;
	}
	if (r == 0 && count > MANY)
		r = sk_err_set(err, -ENOSPC, "people", "not more than %d people",
			"登録できる利用者は %d 人までです", MANY);
	if (r == 0)
		r = write_people(b, all, count, err);
	return r == 0 ? unix_users(&c, err) : r;
}

int mg_box_people_remove(const struct mg_box *b, const char *name, struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_box_person *all = NULL;
	_cleanup_(sk_closep) int lock = lock_people(b, false, err);
	size_t count = 0, k;
	struct change c = {.b = b, .n = 1, .gone = true};
	int r = lock < 0 ? lock : load_people(b, &all, &count, 0, err);

	if (r == -ENOENT)
		return 0;

	for (k = 0; r == 0 && k < count && strcmp(all[k].name, name) != 0; k++)
		;
	if (r < 0 || k == count)
		return r;
	/* Somebody who is still in the file comes again at the next start; a user of nobody stays.
	 */
	c.v = &all[k];
	r = unix_users(&c, err);
	if (r < 0)
		return r;
	memmove(&all[k], &all[k + 1], (count - k - 1) * sizeof(*all));
	return write_people(b, all, count - 1, err);
}

/*
 * May p be made beside the n of v? The file may be of a backup, and of another machine. Who fits
 * but for a name that no terminal should show still signs in, without it.
 */
static int fits(const struct mg_box *b, const struct mg_box_person *v, size_t n,
	struct mg_box_person *p, struct sk_err *err)
{
	const bool known = true;
	int r = mg_gateway_check_name(p->name, err);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = differ(&v[i], p, err);
	if (r == 0)
		r = check_table(b, "/etc/passwd", p, &known, 1, err);
	if (r == 0)
		r = check_table(b, "/etc/group", p, &known, 1, err);
	if (mg_gateway_check_display(p->display, NULL) < 0)
		p->display[0] = '\0';
	return r;
}

int mg_box_people_boot(const struct mg_box *b, struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_box_person *all = NULL;
	struct change c = {.b = b};
	struct sk_err why = {0};
	size_t count = 0;
	int r = load_people(b, &all, &count, 0, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		const int bad = fits(b, all, c.n, &all[i], &why);

		if (bad == 0)
			all[c.n++] = all[i];
		else if (bad == -EINVAL || bad == -EEXIST)
			sk_log(LOG_ERR, "%s: %s (number %u) cannot sign in here: %s", MG_BOX_PEOPLE,
				all[i].name, all[i].uid, why.en);
		else
			r = sk_err_set(err, bad, NULL, "%s", "%s", why.en);
	}
	c.v = all;
	return r == 0 ? unix_users(&c, err) : r;
}

static int people_save(const struct mg_box *b, struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_box_person *all = NULL;
	_cleanup_(sk_closep) int lock = lock_people(b, false, err);
	size_t n = 0, len, changed = 0;
	char path[512], hash[256];
	struct sk_buf s;
	int r = lock < 0 ? lock : load_people(b, &all, &n, 0, err);

	if (r < 0 || n == 0)
		return r == -ENOENT ? 0 : r;
	sk_buf_init(&s, FILE_MAX);
	r = sk_file_read(mg_box_path(b, "/etc/shadow", path, sizeof(path)), &s, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *line = line_of(sk_buf_str(&s), all[i].name, &len);

		if (!line || !field(line, len, 1, hash, sizeof(hash)) || hash[0] != '$' ||
			strcmp(hash, all[i].hash) == 0)
			continue;
		snprintf(all[i].hash, sizeof(all[i].hash), "%s", hash);
		changed++;
	}
	if (s.data)
		explicit_bzero(s.data, s.len);
	sk_buf_done(&s);
	return r == 0 && changed ? write_people(b, all, n, err) : r;
}

/* sekisho-people.path does not see what changes while this runs: again, until nothing did. */
int mg_box_people_save(const struct mg_box *b, struct sk_err *err)
{
	struct stat read = {0}, now = {0};
	char path[512];
	int r;

	mg_box_path(b, "/etc/shadow", path, sizeof(path));
	do {
		if (stat(path, &read) < 0)
			return sk_err_en(err, -errno, NULL, "%s: %s", path, strerror(errno));
		r = people_save(b, err);
	} while (r == 0 && stat(path, &now) == 0 &&
		(now.st_ino != read.st_ino || now.st_mtim.tv_sec != read.st_mtim.tv_sec ||
			now.st_mtim.tv_nsec != read.st_mtim.tv_nsec));
	return r;
}
