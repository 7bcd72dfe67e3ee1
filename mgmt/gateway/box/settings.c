// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /etc/sekisho/gateway.json, the one place that the gateway's own settings are kept at, and what is
 * made of it at each start. Nothing that is made lasts, so an older system makes its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/gateway/box/box.h"
#include "mgmt/gateway/generate.h"

#define NETWORK "/run/systemd/network"
#define OURS "50-sekisho-"
#define SETUP "/run/sekisho-setup"
#define TRIAL SETUP "/trial.json"
#define LINKS "/etc/systemd/network"
#define ZONES "/usr/share/zoneinfo/"

const char *mg_box_path(const struct mg_box *b, const char *path, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s%s", b->root, path);
	return dst;
}

/* ---- kept -------------------------------------------------------------------------------------
 */
static int load_secret(const struct mg_box *b, struct mg_gateway *g, struct sk_err *err)
{
	struct mg_gw_net *wan = &g->nets[MG_GW_WAN];
	char path[512];
	struct sk_buf s;
	int r;

	sk_buf_init(&s, sizeof(wan->pppoe_password));
	r = sk_file_read(mg_box_path(b, MG_BOX_PPPOE, path, sizeof(path)), &s, err);
	if (r == 0)
		snprintf(wan->pppoe_password, sizeof(wan->pppoe_password), "%.*s",
			(int)strcspn(sk_buf_str(&s), "\n"), sk_buf_str(&s));
	if (s.data)
		explicit_bzero(s.data, s.len);
	sk_buf_done(&s);
	return r == -ENOENT ? 0 : r;
}

static int load_file(const struct mg_box *b, const char *file, struct mg_gateway **ret,
	json_t **ret_doc, struct sk_err *err)
{
	char path[512];
	struct sk_buf s;
	int r;

	sk_buf_init(&s, MG_GW_BYTES_MAX);
	r = sk_file_read(mg_box_path(b, file, path, sizeof(path)), &s, err);
	if (r == 0) {
		*ret_doc = sk_json_parse(sk_buf_str(&s), s.len, err);
		r = *ret_doc ? mg_gateway_parse(*ret_doc, ret, err) : -EINVAL;
	}
	sk_buf_done(&s);
	return r;
}

int mg_box_load(
	const struct mg_box *b, struct mg_gateway **ret, json_t **ret_doc, struct sk_err *err)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;
	_cleanup_(sk_json_decrefp) json_t *doc = NULL;
	int r = load_file(b, MG_BOX_GATEWAY, &g, &doc, err);

	if (r == 0)
		r = load_secret(b, g, err);
	if (r < 0)
		return r;
	*ret = g;
	g = NULL;
	if (ret_doc) {
		*ret_doc = doc;
		doc = NULL;
	}
	return 0;
}

int mg_box_trial(
	const struct mg_box *b, const json_t *doc, const struct mg_gateway *g, struct sk_err *err)
{
	json_t *settings = doc ? mg_gateway_settings(doc, g) : NULL;
	char path[512], *text;
	int r;

	mg_box_path(b, TRIAL, path, sizeof(path));
	if (!doc)
		return unlink(path) == 0 || errno == ENOENT
			? 0
			: sk_err_en(err, -errno, NULL, "%s: %s", path, strerror(errno));
	text = settings ? json_dumps(settings, JSON_INDENT(1)) : NULL;
	json_decref(settings);
	r = text ? sk_file_replace(path, text, strlen(text), 0600, err) : sk_err_nomem(err);
	free(text);
	return r;
}

int mg_box_load_used(const struct mg_box *b, struct mg_gateway **ret, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *doc = NULL;

	return load_file(b, TRIAL, ret, &doc, NULL) == 0 ? 0 : mg_box_load(b, ret, NULL, err);
}

/* What an earlier set-up made and this one does not. */
static void forget(const struct mg_box *b, const char *folder)
{
	char path[512];
	const struct dirent *e;
	DIR *d = opendir(mg_box_path(b, folder, path, sizeof(path)));

	while (d && (e = readdir(d)))
		if (strncmp(e->d_name, OURS, strlen(OURS)) == 0)
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

/* eth0 and the like are the kernel's own, given out again while others are taken. */
static bool lasting_name(const char *name)
{
	return strncmp(name, "eth", 3) != 0 || strspn(name + 3, "0123456789") != strlen(name + 3);
}

/*
 * A card keeps its name where others come or go (systemd.link(5), from the next start on): the
 * policy goes by names.
 */
static int keep_names(const struct mg_box *b, const struct mg_gateway *g, struct sk_err *err)
{
	char path[512], below[128], text[256];
	int r = sk_mkdir_p(mg_box_path(b, LINKS, path, sizeof(path)), 0755, err);

	forget(b, LINKS);
	for (size_t i = 0; r == 0 && i < g->n_ports; i++) {
		const struct mg_gw_port *p = &g->ports[i];

		if (!p->mac[0] || !lasting_name(p->name))
			continue;
		snprintf(below, sizeof(below), LINKS "/" OURS "%s.link", p->name);
		snprintf(text, sizeof(text),
			"# Made by sekisho-setup: the card of this role keeps its name.\n"
			"[Match]\nMACAddress=%s\nKind=!*\n\n[Link]\nName=%s\n",
			p->mac, p->name);
		r = sk_file_replace(
			mg_box_path(b, below, path, sizeof(path)), text, strlen(text), 0644, err);
	}
	chmod(mg_box_path(b, LINKS, path, sizeof(path)), 0755);
	return r;
}

int mg_box_save(
	const struct mg_box *b, const json_t *doc, const struct mg_gateway *g, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *settings = mg_gateway_settings(doc, g);
	const char *secret = g->nets[MG_GW_WAN].pppoe_password;
	const bool ppp = g->nets[MG_GW_WAN].ip4.method == MG_GW_PPPOE;
	char path[512], *text;
	int r = 0;

	if (!settings)
		return sk_err_nomem(err);
	/* The secret first: settings that need it never stand without. */
	if (ppp)
		r = sk_file_replace(mg_box_path(b, MG_BOX_PPPOE, path, sizeof(path)), secret,
			strlen(secret), 0600, err);
	if (r < 0)
		return r;
	text = json_dumps(settings, JSON_INDENT(1));
	if (!text)
		return sk_err_nomem(err);
	r = sk_file_replace(
		mg_box_path(b, MG_BOX_GATEWAY, path, sizeof(path)), text, strlen(text), 0644, err);
	free(text);
	if (r == 0 && !ppp)
		unlink(mg_box_path(b, MG_BOX_PPPOE, path, sizeof(path)));
	return r == 0 ? keep_names(b, g, err) : r;
}

/* ---- made -------------------------------------------------------------------------------------
 */
struct made {
	const struct mg_box *b;
	struct sk_err *err;
};

static int write_one(const char *path, unsigned mode, const struct sk_buf *text, void *arg)
{
	const struct made *m = arg;
	char below[128], full[512];

	snprintf(below, sizeof(below), "/run/%s", path);
	return sk_file_replace(mg_box_path(m->b, below, full, sizeof(full)), sk_buf_str(text),
		text->len, mode, m->err);
}

int mg_box_generate(const struct mg_box *b, const struct mg_gateway *g, struct sk_err *err)
{
	struct sk_err why = {0};
	struct made m = {b, &why};
	const struct mg_gw_files out = {write_one, &m};
	char path[512];
	int r = sk_mkdir_p(mg_box_path(b, NETWORK, path, sizeof(path)), 0755, err);

	if (r == 0)
		r = sk_mkdir_p(mg_box_path(b, SETUP, path, sizeof(path)), 0755, err);
	if (r < 0)
		return r;
	/* The umask of a program that keeps secrets must not hide these from who reads them. */
	chmod(path, 0755);
	chmod(mg_box_path(b, NETWORK, path, sizeof(path)), 0755);
	forget(b, NETWORK);
	unlink(mg_box_path(b, SETUP "/ppp.options", path, sizeof(path)));
	unlink(mg_box_path(b, SETUP "/ppp.ended", path, sizeof(path)));
	r = mg_gateway_generate(g, &out, err);
	if (r < 0 && why.code && err)
		*err = why;
	return r < 0 ? r : mg_box_upstream(b, g, err);
}

int mg_box_zone(const char *zone, struct sk_err *err)
{
	static const char magic[4] = {'T', 'Z', 'i', 'f'};
	_cleanup_(sk_closep) int fd = -1;
	char file[256], head[sizeof(magic)];
	struct stat st;

	/* Folders lie there, too, and tables of all zones. */
	snprintf(file, sizeof(file), ZONES "%s", zone);
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		read(fd, head, sizeof(head)) == sizeof(head) &&
		memcmp(head, magic, sizeof(magic)) == 0)
		return 0;
	return sk_err_set(err, -ENOENT, "timezone", "there is no time zone %s",
		"タイムゾーン %s はありません", zone);
}

static int set_zone(const struct mg_box *b, const char *zone, struct sk_err *err)
{
	char target[512], path[512], tmp[520];
	int r = mg_box_zone(zone, err);

	if (r < 0)
		return r;
	snprintf(target, sizeof(target), ".." ZONES "%s", zone);
	mg_box_path(b, "/etc/localtime", path, sizeof(path));
	snprintf(tmp, sizeof(tmp), "%s.new", path);
	unlink(tmp);
	if (symlink(target, tmp) < 0 || rename(tmp, path) < 0)
		return sk_err_en(err, -errno, NULL, "%s: %s", path, strerror(errno));
	return 0;
}

static int small(const struct mg_box *b, const char *name, const char *text, struct sk_err *err)
{
	char path[512];

	return sk_file_replace(
		mg_box_path(b, name, path, sizeof(path)), text, strlen(text), 0644, err);
}

/* A name that resolves without any server; what else is in the file stays. */
static int name_itself(const struct mg_box *b, const char *host, struct sk_err *err)
{
	char path[512], line[96];
	struct sk_buf s;
	int r;

	mg_box_path(b, "/etc/hosts", path, sizeof(path));
	snprintf(line, sizeof(line), "127.0.1.1 %s\n", host);
	sk_buf_init(&s, 65536);
	r = sk_file_read(path, &s, NULL);
	if (r < 0 && r != -ENOENT) {
		sk_buf_done(&s);
		return 0; /* what cannot be read stays as it is */
	}
	if (!s.len)
		sk_buf_puts(&s, "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
	r = 0;
	if (!strstr(sk_buf_str(&s), line)) {
		sk_buf_puts(&s, line);
		r = sk_file_replace(path, sk_buf_str(&s), s.len, 0644, err);
	}
	sk_buf_done(&s);
	return r;
}

int mg_box_identity(const struct mg_box *b, const struct mg_gateway *g, struct sk_err *err)
{
	char text[256];
	int r = set_zone(b, g->timezone, err);

	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "%s\n", g->hostname);
	r = small(b, "/etc/hostname", text, err);
	if (r == 0)
		r = name_itself(b, g->hostname, err);
	if (r == 0)
		r = small(b, "/etc/resolv.conf",
			"# The gateway's own resolver (sekisho-dns.service).\n"
			"nameserver 127.0.0.1\noptions edns0 trust-ad\n",
			err);
	return r;
}
