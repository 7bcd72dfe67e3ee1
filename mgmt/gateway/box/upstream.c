// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Name servers that the line brought: networkd (DHCP, router advertisements) and pppd write them
 * where we look, as often as they change. A .path unit does not see what is written while its
 * service runs, so they are watched here, before they are read: inotify(7).
 */
#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/util.h"
#include "mgmt/gateway/box/box.h"
#include "mgmt/gateway/generate.h"

#define NETIF "/run/systemd/netif" /* created by systemd itself */
#define PPP "/etc/ppp"             /* only where pppd is installed */
#define SETUP "/run/sekisho-setup"
#define BURST_US 100000 /* changes in a row are taken together */

/* "DNS=…" of networkd's state, "nameserver …" of what pppd wrote. */
static void collect(const char *path, const char *key, struct sk_buf *all)
{
	struct sk_buf s;
	const char *line;

	sk_buf_init(&s, 65536);
	if (sk_file_read(path, &s, NULL) == 0)
		for (line = sk_buf_str(&s); *line; line += strcspn(line, "\n"), line += *line != 0)
			if (strncmp(line, key, strlen(key)) == 0)
				sk_buf_printf(all, "%.*s ",
					(int)(strcspn(line, "\n") - strlen(key)),
					line + strlen(key));
	sk_buf_done(&s);
}

int mg_box_upstream(const struct mg_box *b, const struct mg_gateway *g, struct sk_err *err)
{
	struct sk_buf found, text, old;
	char path[512];
	const char *list;
	int r;

	sk_buf_init(&found, 65536);
	sk_buf_init(&text, 65536);
	sk_buf_init(&old, 65536);
	collect(mg_box_path(b, NETIF "/state", path, sizeof(path)), "DNS=", &found);
	if (g->nets[MG_GW_WAN].ip4.method == MG_GW_PPPOE) /* its usepeerdns */
		collect(mg_box_path(b, PPP "/resolv.conf", path, sizeof(path)), "nameserver ",
			&found);
	list = sk_buf_str(&found);
	mg_gateway_resolv(g, &list, 1, &text);
	mg_box_path(b, SETUP "/resolv.conf", path, sizeof(path));
	r = sk_file_read(path, &old, NULL);
	/* dnsmasq forgets its cache when the file changes. */
	if (r < 0 || strcmp(sk_buf_str(&old), sk_buf_str(&text)) != 0)
		r = sk_file_replace(path, sk_buf_str(&text), text.len, 0644, err);
	sk_buf_done(&found);
	sk_buf_done(&text);
	sk_buf_done(&old);
	return r;
}

static int watch(int fd, const struct mg_box *b, const char *dir)
{
	const uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR;
	char path[512];

	mg_box_path(b, dir, path, sizeof(path));
	return inotify_add_watch(fd, path, mask) < 0 && errno != ENOENT ? -errno : 0;
}

static int cannot(int r, struct sk_err *err)
{
	return sk_err_set(err, r, NULL, "name servers of the line cannot be watched: %s",
		"回線の DNS サーバーの変更を監視できません: %s", strerror(-r));
}

/* Until something changes; a folder that goes takes its watch with it: -ESTALE. */
static int wait(int fd)
{
	_Alignas(struct inotify_event) char events[4096];
	const struct inotify_event *e;
	ssize_t n;

	usleep(BURST_US);
	n = read(fd, events, sizeof(events));
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (const char *at = events; at < events + n; at += sizeof(*e) + e->len) {
		e = (const struct inotify_event *)at;
		if (e->mask & IN_IGNORED)
			return -ESTALE;
	}
	return 0;
}

int mg_box_upstream_watch(const struct mg_box *b, struct sk_err *err)
{
	_cleanup_(sk_closep) int fd = inotify_init1(IN_CLOEXEC);
	int r = fd < 0 ? -errno : watch(fd, b, NETIF);

	if (r == 0)
		r = watch(fd, b, PPP);
	if (r < 0)
		return cannot(r, err);
	do {
		_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;

		r = mg_box_load_used(b, &g, err);
		if (r == 0)
			r = mg_box_upstream(b, g, err);
		else if (r == -ENOENT) /* not set up (any more) */
			r = 0;
		if (r < 0)
			return r;
		r = wait(fd);
	} while (r == 0);
	return cannot(r, err);
}
