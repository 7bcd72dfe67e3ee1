/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocklists in fwd: the list that is in force, on disk and in the kernel; single changes of
 * it; addresses learned for a time; whose entry a reported packet met. All of it works without
 * mgmtd. Not for use outside fw/fwd.
 */
#ifndef FW_FWD_LIST_H
#define FW_FWD_LIST_H

#include "fw/fwd/event.h"
#include "fw/list/list.h"
#include "lib/json.h"

#define FWD_LIST_ENTRY_MAX 256 /* a name, or a range of addresses */

struct fwd;
struct fwd_list;

/* What an earlier run left on disk; before the first apply. A damaged file is no reason not to
 * start. */
int fwd_list_start(struct fwd *d, struct sk_err *err);
void fwd_list_stop(struct fwd *d);
void fwd_list_settle(struct fwd *d);  /* after the start */
void fwd_list_applied(struct fwd *d); /* the kernel took a policy: learned addresses go in again */
void fwd_list_minute(struct fwd *d);
void fwd_list_save(struct fwd *d); /* before leaving */

struct fwd_list_change_done {
	size_t added, removed, cut;
	uint64_t us;
};

/* A whole document; a bad one changes nothing. */
int fwd_list_apply(struct fwd *d, const void *doc, size_t n, struct fwd_list_change_done *ret,
	struct sk_err *err);
/*
 * Single entries: args of blocklist.change (docs/ipc.md). -ESTALE: they are about another
 * generation; send the whole document.
 */
int fwd_list_change(
	struct fwd *d, const json_t *args, struct fwd_list_change_done *ret, struct sk_err *err);
/* The document that is in force. */
const struct fw_list *fwd_list_current(const struct fwd *d);
json_t *fwd_list_status(struct fwd *d);
/* Connections with what is listed or learned by now are ended in a moment. */
void fwd_list_cut_later(struct fwd *d);

/*
 * Feed and entry of a packet that a blocklist stopped or reported, into names; entry holds
 * FWD_LIST_ENTRY_MAX bytes. They stay as they are where nothing is known.
 */
void fwd_list_names(
	struct fwd *d, const struct fwd_event *e, struct fwd_event_names *names, char *entry);
/* What the lists and the learned addresses say; *feed and entry as above. */
enum fw_list_verdict fwd_list_test(
	struct fwd *d, const struct fw_ip *ip, const char **feed, char *entry);

/* ---- learn.c ---- */
struct fwd_learned;

struct fwd_learn_row {
	struct fw_ip ip;
	const char *name, *feed;
	uint32_t ttl; /* seconds */
};

struct fwd_learned *fwd_learned_new(void);
void fwd_learned_free(struct fwd_learned *l);
/*
 * Into the table and into the kernel. Counted: those that are new; those that must not be blocked
 * (allowed, own, nobody's); those for which there is no room.
 */
int fwd_learn(struct fwd *d, const struct fwd_learn_row *v, size_t n, size_t ret_counts[3],
	struct sk_err *err);
/* Out of both again; true if it was learned. */
bool fwd_learn_forget(struct fwd *d, const struct fw_ip *ip);
/* The list in use has changed: what it allows is not blocked any more. */
void fwd_learned_allowed(struct fwd *d);
/* Name and feed of a learned address that is blocked now; false: it is none. */
bool fwd_learned_blocks(
	struct fwd_learned *l, const struct fw_ip *ip, const char **name, const char **feed);
/* The same for a minute longer: packets of a while ago are still to be explained. */
bool fwd_learned_find(
	struct fwd_learned *l, const struct fw_ip *ip, const char **name, const char **feed);
size_t fwd_learned_count(const struct fwd_learned *l);
/* Forget those that are over; all that are left go into the kernel again if refill is set. */
void fwd_learned_sweep(struct fwd *d, struct fwd_learned *l, bool refill);
struct fwd_learned *fwd_list_learned(struct fwd *d);

/* ---- list_disk.c ---- */
int fwd_list_load(struct fwd *d, struct fw_list **ret, size_t *ret_changes, struct sk_err *err);
/* Staged before the kernel is touched; then kept, or dropped. */
int fwd_list_stage(struct fwd *d, const void *doc, size_t n, struct sk_err *err);
int fwd_list_keep(struct fwd *d, struct sk_err *err);
void fwd_list_drop(struct fwd *d);
/* Changes since: one line each. *ret_size: of all of them. */
int fwd_list_note(struct fwd *d, const json_t *args, size_t *ret_size, struct sk_err *err);
void fwd_list_sync(struct fwd *d);

/* What args ask for; *ret is the caller's (free). */
int fwd_list_read_changes(const struct fw_list *l, const json_t *args, struct fw_list_change **ret,
	size_t *ret_n, uint64_t *ret_generation, struct sk_err *err);

#endif
