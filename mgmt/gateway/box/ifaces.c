// SPDX-License-Identifier: GPL-2.0-or-later
/* The machine's network ports, from sysfs: readable by anybody, and of the own namespace. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/util.h"
#include "mgmt/gateway/box/box.h"

#define NET "/sys/class/net"
#define ARPHRD_ETHER_TEXT "1"

static bool attribute(const char *iface, const char *name, char *dst, size_t cap)
{
	char path[128];
	struct sk_buf b;
	int r;

	snprintf(path, sizeof(path), NET "/%.16s/%s", iface, name);
	sk_buf_init(&b, 4096);
	r = sk_file_read(path, &b, NULL);
	snprintf(dst, cap, "%.*s", (int)strcspn(sk_buf_str(&b), "\n"), sk_buf_str(&b));
	sk_buf_done(&b);
	return r == 0;
}

static bool has(const char *iface, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), NET "/%.16s/%s", iface, name);
	return access(path, F_OK) == 0;
}

static void driver(const char *iface, char *dst, size_t cap)
{
	char path[128], target[256];
	const char *base;
	ssize_t n;

	snprintf(path, sizeof(path), NET "/%.16s/device/driver", iface);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	base = strrchr(target, '/');
	snprintf(dst, cap, "%.*s", (int)cap - 1, base ? base + 1 : "");
}

/* A port that a cable goes into: Ethernet, and not made by software (but veth, of tests). */
static bool is_port(const char *iface)
{
	char type[16], kind[512];

	if (!attribute(iface, "type", type, sizeof(type)) || strcmp(type, ARPHRD_ETHER_TEXT) != 0)
		return false;
	if (has(iface, "bridge") || has(iface, "bonding") || has(iface, "tun_flags"))
		return false;
	if (has(iface, "device"))
		return true;
	/* veth: its peer's index differs from its own; VLANs and the like have DEVTYPE. */
	attribute(iface, "uevent", kind, sizeof(kind));
	return strncmp(kind, "DEVTYPE=", 8) != 0 && strncmp(iface, "dummy", 5) != 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct mg_gw_iface *)a)->name, ((const struct mg_gw_iface *)b)->name);
}

int mg_box_ifaces(struct mg_gw_iface *v, size_t max, size_t *ret_n, struct sk_err *err)
{
	DIR *d = opendir(NET);
	const struct dirent *e;
	size_t n = 0;

	if (!d)
		return sk_err_en(err, -errno, NULL, NET ": %s", strerror(errno));
	while ((e = readdir(d)) && n < max) {
		struct mg_gw_iface *i = &v[n];
		char carrier[8];

		if (e->d_name[0] == '.' || strlen(e->d_name) >= IFNAMSIZ || !is_port(e->d_name))
			continue;
		memset(i, 0, sizeof(*i));
		memcpy(i->name, e->d_name, strlen(e->d_name));
		attribute(i->name, "address", i->mac, sizeof(i->mac));
		driver(i->name, i->driver, sizeof(i->driver));
		i->carrier = attribute(i->name, "carrier", carrier, sizeof(carrier)) &&
			carrier[0] == '1';
		n++;
	}
	closedir(d);
	qsort(v, n, sizeof(*v), by_name);
	*ret_n = n;
	return 0;
}
