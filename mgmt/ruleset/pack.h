/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was handed over as a rule set: one file of rules, or an archive (tar, also gzipped) as
 * suricata-update and its sources make them. Everything in it is from outside: sizes, names and the
 * number of files are bounded. Pure.
 */
#ifndef MG_RULESET_PACK_H
#define MG_RULESET_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define MG_PACK_BYTES_MAX (128u << 20) /* unpacked */
#define MG_PACK_FILES_MAX 4096

struct mg_pack_file {
	char name[256]; /* relative, without "." and ".." */
	const uint8_t *data;
	size_t len;
};

struct mg_pack;

/*
 * p is borrowed until the pack is freed. name: of a single file of rules. -EINVAL: neither rules
 * nor an archive, or a damaged one. -EFBIG.
 */
int mg_pack_open(
	struct mg_pack **ret, const char *name, const void *p, size_t n, struct sk_err *err);
void mg_pack_free(struct mg_pack *k);
/* In the archive's order; regular files only. */
const struct mg_pack_file *mg_pack_files(const struct mg_pack *k, size_t *n);

#endif
