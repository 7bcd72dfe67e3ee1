/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access lists of sockets, for the daemons that make one in a directory of their own. Knows the
 * kernel's form of a list (linux/posix_acl_xattr.h), so that no library is needed for it.
 */
#include "lib/acl.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "lib/util.h"

#define RW (ACL_READ | ACL_WRITE)
#define ENTRIES (SK_ACL_USERS + 4)

struct list {
	struct posix_acl_xattr_header head;
	struct posix_acl_xattr_entry v[ENTRIES];
};

static void add(struct list *l, size_t *n, unsigned tag, unsigned perm, uint32_t id)
{
	l->v[*n].e_tag = htole16((uint16_t)tag);
	l->v[*n].e_perm = htole16((uint16_t)perm);
	l->v[*n].e_id = htole32(id);
	(*n)++;
}

/* acl(5): users in ascending order, none twice. Returns how many there are. */
static size_t sorted(const uid_t *users, size_t n, uid_t ret[SK_ACL_USERS])
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = 0;

		while (at < k && ret[at] < users[i])
			at++;
		if (at < k && ret[at] == users[i])
			continue;
		memmove(&ret[at + 1], &ret[at], (k - at) * sizeof(*ret));
		ret[at] = users[i];
		k++;
	}
	return k;
}

static size_t make(struct list *l, mode_t mode, const uid_t *users, size_t n)
{
	unsigned group = mode >> 3 & 7;
	size_t k = 0;

	l->head.a_version = htole32(POSIX_ACL_XATTR_VERSION);
	add(l, &k, ACL_USER_OBJ, mode >> 6 & 7, (uint32_t)ACL_UNDEFINED_ID);
	for (size_t i = 0; i < n; i++)
		add(l, &k, ACL_USER, RW, users[i]);
	add(l, &k, ACL_GROUP_OBJ, group, (uint32_t)ACL_UNDEFINED_ID);
	add(l, &k, ACL_MASK, group | RW, (uint32_t)ACL_UNDEFINED_ID);
	add(l, &k, ACL_OTHER, mode & 7, (uint32_t)ACL_UNDEFINED_ID);
	return sizeof(l->head) + k * sizeof(l->v[0]);
}

int sk_acl_allow(const char *path, const uid_t *users, size_t n, struct sk_err *err)
{
	uid_t all[SK_ACL_USERS + 1];
	struct list l = {0};
	struct stat st;
	size_t len;
	int r;

	if (n == 0)
		return 0;
	if (n > SK_ACL_USERS)
		return sk_err_en(err, -E2BIG, NULL, "%s: too many users", path);
	if (lstat(path, &st) < 0)
		return sk_err_en(err, -errno, NULL, "%s: %s", path, strerror(errno));
	len = make(&l, st.st_mode, all, sorted(users, n, all));
	if (setxattr(path, "system.posix_acl_access", &l, len, 0) == 0)
		return 0;
	r = -errno;
	if (r == -EOPNOTSUPP && chmod(path, 0666) == 0)
		return 0;
	return sk_err_en(err, r, NULL, "%s: access list: %s", path, strerror(-r));
}
