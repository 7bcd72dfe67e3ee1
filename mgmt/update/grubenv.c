/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB's environment block: a first line, "NAME=value" lines and comments, filled up with '#' to
 * 1024 bytes. The loader writes it by sector, so its size never changes.
 */
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/update/update.h"

static const char first[] = "# GRUB Environment Block\n";

/* Where the filling begins, after lines of values and comments; NULL: is no block. */
static const char *filling(const char *block)
{
	const char *p = block + sizeof(first) - 1, *end = block + MG_GRUBENV_SIZE;

	if (memcmp(block, first, sizeof(first) - 1) != 0)
		return NULL;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		if (!nl)
			return *p == '#' ? p : NULL;
		p = nl + 1;
	}
	return p;
}

/* Where the line of name begins, and its length with the newline; NULL: there is none. */
static const char *find(const char *block, const char *fill, const char *name, size_t *ret_len)
{
	const size_t n = strlen(name);

	for (const char *p = block + sizeof(first) - 1; p < fill;) {
		const char *nl = memchr(p, '\n', (size_t)(fill - p));

		if (!nl)
			return NULL;
		if ((size_t)(nl - p) > n && memcmp(p, name, n) == 0 && p[n] == '=') {
			*ret_len = (size_t)(nl + 1 - p);
			return p;
		}
		p = nl + 1;
	}
	return NULL;
}

int mg_grubenv_get(const char block[MG_GRUBENV_SIZE], const char *name, char *dst, size_t cap)
{
	size_t len = 0, n = strlen(name) + 1;
	const char *fill = filling(block), *line;

	if (!fill)
		return -EBADMSG;
	line = find(block, fill, name, &len);
	if (!line)
		return -ENOENT;
	if (len - 1 - n >= cap)
		return -ENOSPC;
	memcpy(dst, line + n, len - 1 - n);
	dst[len - 1 - n] = '\0';
	return 0;
}

int mg_grubenv_set(char block[MG_GRUBENV_SIZE], const char *name, const char *value)
{
	const char *fill = filling(block);
	char out[MG_GRUBENV_SIZE];
	size_t used, old = 0;
	const char *line;
	int n;

	if (!fill)
		return -EBADMSG;
	line = find(block, fill, name, &old);
	used = (size_t)(fill - block);
	memcpy(out, block, used);
	if (line) {
		const size_t at = (size_t)(line - block);

		memmove(out + at, out + at + old, used - at - old);
		used -= old;
	}
	n = snprintf(out + used, sizeof(out) - used, "%s=%s\n", name, value);
	if (n < 0 || (size_t)n >= sizeof(out) - used)
		return -ENOSPC;
	used += (size_t)n;
	memset(out + used, '#', sizeof(out) - used);
	memcpy(block, out, sizeof(out));
	return 0;
}
