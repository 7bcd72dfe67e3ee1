/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Updates of the gateway's system: which version is newer, what an index of releases and a bundle's
 * manifest say, whether an offer may be taken, what became of the last one, and the loader's
 * environment block. Pure; mgmt/update/run fetches and installs.
 */
#ifndef MG_UPDATE_H
#define MG_UPDATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define MG_VERSION_MAX 64            /* with its NUL */
#define MG_INDEX_MAX (256u << 10)    /* bytes of an index */
#define MG_BUNDLE_MAX (2048ll << 20) /* bytes of a bundle */
#define MG_RELEASES_MAX 256
#define MG_NOTES_MAX 4000

/* ---- versions: digits, letters, ".+~-", beginning with a digit ---- */
int mg_version_check(const char *v, struct sk_err *err);
/*
 * <0, 0, >0 as a is older, the same, newer than b: numbers as numbers, "~" before everything
 * (Debian Policy 5.6.12, without epochs).
 */
int mg_version_order(const char *a, const char *b);

/* ---- the index of releases: what latest.json says ---- */
struct mg_release {
	char version[MG_VERSION_MAX], file[128] /* beside the index */, sha256[65];
	int64_t size, published, expires /* of the index; 0: none is given */;
	bool security;
	char en[MG_NOTES_MAX + 1], ja[MG_NOTES_MAX + 1];
};
/* The newest release for compatible. -ENOENT: the index has none for it. */
int mg_index_parse(const void *p, size_t n, const char *compatible, struct mg_release *ret,
	struct sk_err *err);
/* The URL of a file beside the index; -EINVAL if it does not fit. */
int mg_index_beside(const char *index_url, const char *file, char *dst, size_t cap);

/* ---- a bundle: RAUC's format "verity" (rauc.readthedocs.io, "Bundle Formats") ---- */
struct mg_manifest {
	char compatible[64], version[MG_VERSION_MAX], build[64];
	char root_sha256[65]; /* of the image for the root slot */
};
/* The manifest as it lies in the verified signature. */
int mg_manifest_parse(const char *text, size_t n, struct mg_manifest *ret, struct sk_err *err);
/* tail: the last 8 bytes of a file of so many. The signature's length before them. */
int mg_bundle_signature(
	const uint8_t tail[8], int64_t file_size, size_t *ret_len, struct sk_err *err);

/* ---- may it be installed? ---- */
struct mg_offer {
	const char *version, *compatible;
	const char *running, *running_compatible;
	bool downgrade; /* an administrator said so */
};
/* -EPERM older, -EALREADY the same, -EINVAL for another machine. */
int mg_update_allowed(const struct mg_offer *o, struct sk_err *err);

/* ---- what became of it ---- */
enum mg_outcome {
	MG_OUTCOME_NONE,        /* nothing was begun */
	MG_OUTCOME_WAITING,     /* installed, the machine has not started since */
	MG_OUTCOME_TRIAL,       /* it runs, and its health is not known yet */
	MG_OUTCOME_KEPT,        /* it runs and is good */
	MG_OUTCOME_RETURNED,    /* the old one runs again */
	MG_OUTCOME_INTERRUPTED, /* the machine started anew while it was being written */
};
const char *mg_outcome_name(enum mg_outcome o);
struct mg_outcome_facts {
	const json_t *pending; /* {slot, boot_id, state: installing or installed}; NULL: none */
	const json_t *health;  /* the last result of health; NULL: none */
	const char *slot;      /* that runs: "A" */
	const char *boot_id, *hash; /* of this start; of what runs */
};
enum mg_outcome mg_update_outcome(const struct mg_outcome_facts *f);

/* ---- did the slot that was to start do so? ---- */
struct mg_start_facts {
	const json_t *note;           /* what was made here at an earlier start; NULL: none */
	const json_t *pending, *last; /* updates; NULL: none */
	const json_t *health;         /* the last result of health; NULL: none */
	const char *first;            /* the loader's preference, "A"; "": not known */
	const char *slot, *boot_id;   /* of this start */
	int64_t now;
};
/*
 * What is to be kept of this start, owned: {boot_id, slot, missed: {slot, since, told, health} if
 * another slot was to run, and no update says why}. NULL: this start was judged already, or nobody
 * can say. Judged once a start, as updates change the loader's preference.
 */
json_t *mg_update_start(const struct mg_start_facts *f);

/* ---- the loader's environment block (GRUB manual, "Environment block"): always 1024 bytes ---- */
#define MG_GRUBENV_SIZE 1024
/* -EBADMSG: is no such block; -ENOENT: the name is not in it. */
int mg_grubenv_get(const char block[MG_GRUBENV_SIZE], const char *name, char *dst, size_t cap);
/* -EBADMSG, -ENOSPC: does not fit. The block stays as it is on failure. */
int mg_grubenv_set(char block[MG_GRUBENV_SIZE], const char *name, const char *value);

/* ---- how long Debian supports the base ---- */
/* NULL: nothing needs to be said at now. os_version: VERSION_ID of os-release. */
const struct sk_text *mg_base_support(const char *os_version, int64_t now);

#endif
