/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of sekisho-update: one request is read, a release is looked for, fetched, verified and
 * handed to RAUC, which alone writes the slots. The process has no rights of its own but its state
 * folder.
 */
#ifndef MG_UPDATE_RUN_H
#define MG_UPDATE_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/oneshot.h"
#include "mgmt/update/update.h"

struct mg_run_opts {
	const char *state_dir, *health_dir, *keyring, *cmdline, *version_file, *os_release;
	const char *grubenv; /* the loader's memory */
	const char *ca_file; /* NULL: the system's */
	int64_t timeout;     /* seconds for a transfer */
	bool no_seccomp;
};

/* Serve the one request that comes on fd. */
void mg_run_serve(int fd, void *opts);

/* ---- rights ---- */
/*
 * For the rest of this process: files are made and written in the state folder alone, and read are
 * only those above, file (absolute; else none) and what names and certificates need (where the
 * kernel has Landlock); no program is run, memory is bounded.
 */
int mg_run_confine(const struct mg_run_opts *o, const char *file, struct sk_err *err);

/* ---- which system this is ---- */
struct mg_system {
	char slot[8];  /* "A"; "" on a machine without slots */
	char first[8]; /* that the loader prefers; "": not known */
	char hash[160], version[MG_VERSION_MAX], os_version[16], boot_id[64];
};
void mg_system_read(const struct mg_run_opts *o, struct mg_system *ret);

/* ---- files of the state folder ---- */
/* NULL: is not there or not readable. */
json_t *mg_state_load(const char *dir, const char *name);
int mg_state_save(const char *dir, const char *name, const json_t *v, struct sk_err *err);
void mg_state_remove(const char *dir, const char *name);
/* Held until the process ends. -EBUSY: another one is at it. */
int mg_state_lock(const char *dir, struct sk_err *err);
/* -ENOSPC with what would be needed. */
int mg_state_space(const char *dir, int64_t need, struct sk_err *err);

/* ---- signatures: CMS (RFC 5652) by the authority whose certificates are in the keyring ---- */
struct mg_signer {
	char name[200];  /* subject */
	char sha256[65]; /* of the certificate */
};
/* data NULL: what the signature holds itself, into content (initialised). -EBADMSG, -EKEYREJECTED.
 */
struct mg_cms {
	const void *sig, *data;
	size_t sig_len, data_len;
};
int mg_cms_verify(const char *keyring, const struct mg_cms *c, struct sk_buf *content,
	struct mg_signer *ret, struct sk_err *err);

/* ---- getting it ---- */
/* The newest release that the index at url offers; signer of the index. */
int mg_get_index(const struct mg_run_opts *o, const char *url, const char *compatible,
	struct mg_release *ret, struct mg_signer *signer, struct sk_err *err);
#define MG_BUNDLE_FILE "bundle.raucb"
/* Into the state folder, going on where an interrupted transfer ended; whole and of the right hash.
 */
int mg_get_bundle(const struct mg_run_opts *o, struct sk_oneshot *s, const char *index_url,
	const struct mg_release *r, struct sk_err *err);
/* A copy of a local file, so that nobody can exchange it once it was looked at. */
int mg_get_local(
	const struct mg_run_opts *o, struct sk_oneshot *s, const char *path, struct sk_err *err);
/* Who signed the bundle in the state folder, and what it is. */
int mg_get_inspect(const struct mg_run_opts *o, struct mg_manifest *ret, struct mg_signer *signer,
	struct sk_err *err);

/* ---- RAUC (D-Bus, de.pengutronix.rauc.Installer) ---- */
struct mg_rauc;
int mg_rauc_open(struct mg_rauc **ret, struct sk_err *err);
void mg_rauc_close(struct mg_rauc *r);
int mg_rauc_compatible(struct mg_rauc *r, char *dst, size_t cap, struct sk_err *err);
/* Rows of the root slots: {slot, state, boot, version, root_sha256, installed}. */
int mg_rauc_slots(struct mg_rauc *r, json_t **ret, struct sk_err *err);
/* Write into the other slot and make it the next to start. */
int mg_rauc_install(struct mg_rauc *r, struct sk_oneshot *s, const char *path, struct sk_err *err);
/* state: "good", "bad", "active"; slot: "booted", "other". */
int mg_rauc_mark(struct mg_rauc *r, const char *state, const char *slot, struct sk_err *err);

#endif
