/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel side of a policy: one table `inet sekisho`, changed by the recipe of docs/kernel.md
 * (fill, switch in one generation-checked batch, collect). The only code that talks nf_tables.
 */
#ifndef FW_NFT_H
#define FW_NFT_H

#include <stdbool.h>
#include <stdint.h>

#include "fw/policy/policy.h"

#define FW_NFT_TABLE "sekisho"
#define FW_NFT_LOG_GROUP 103   /* NFLOG group of everything the gateway reports */
#define FW_NFT_LOG_SNAPLEN 128 /* bytes of each reported packet */
/* conntrack mark: the record's number on bits 8-31; bits 0-7 belong to inspection. */
#define FW_MARK_SHIFT 8
#define FW_MARK_MASK 0xffffff00u
/* What inspection decided about a whole connection; the same bits in the packet's mark carry the
 * verdict from the queue to the connection. */
#define FW_MARK_BYPASS 0x01u /* needs no more inspection */
#define FW_MARK_DROP 0x02u   /* is dropped */
#define FW_MARK_REJECT 0x04u /* is dropped, and its ends are told */
#define FW_MARK_VERDICT 0x07u

struct fw_nft;

struct fw_nft_opts {
	bool no_owner; /* do not use the owner flag even where the kernel has it */
};

struct fw_nft_counter {
	uint32_t number; /* record or built-in */
	uint64_t packets, bytes;
};

struct fw_nft_stats {
	uint32_t genid;
	size_t rules, sets, batch_bytes;
	uint64_t fill_us, switch_us, collect_us, read_back_us;
	int retries; /* generation lost to another writer */
};

int fw_nft_open(struct fw_nft **ret, const struct fw_nft_opts *o, struct sk_err *err);
void fw_nft_close(struct fw_nft *n);       /* the table stays in the kernel */
bool fw_nft_owned(const struct fw_nft *n); /* table held with OWNER|PERSIST */

/* How this kernel hands packets to a queue. Found out once, by trying. */
enum fw_nft_queue_form {
	FW_NFT_QUEUE_UNKNOWN,
	FW_NFT_QUEUE_NATIVE, /* nf_tables' own "queue" */
	FW_NFT_QUEUE_XT,     /* the NFQUEUE target of xtables, through nft_compat */
	FW_NFT_QUEUE_NONE,   /* not at all: a policy with inspection is refused */
};
enum fw_nft_queue_form fw_nft_queue_form(struct fw_nft *n);
const char *fw_nft_queue_form_name(enum fw_nft_queue_form f); /* "queue" "NFQUEUE" "none" */

/*
 * Put p into the kernel, whatever is there now. All or nothing: on failure the kernel keeps what it
 * had, and err.path names the record ("rule[1042]") whose message the kernel refused. start holds
 * the counter values for counters that do not exist in the kernel yet (after a reboot).
 */
int fw_nft_apply(struct fw_nft *n, const struct fw_policy *p, const struct fw_nft_counter *start,
	size_t n_start, struct fw_nft_stats *ret, struct sk_err *err);

/* Load the same batch into a fresh, empty network namespace and throw it away. */
int fw_nft_check(const struct fw_policy *p, struct fw_nft_stats *ret, struct sk_err *err);

/* Is the kernel's table exactly what the last apply left? Set after adopting a running table, too.
 */
enum fw_drift_kind {
	FW_DRIFT_NONE,
	FW_DRIFT_TABLE_GONE,
	FW_DRIFT_CHAINS,
	FW_DRIFT_RULES,
	FW_DRIFT_SETS
};
struct fw_drift {
	enum fw_drift_kind kind;
	char what[256]; /* "chain z_lan_wan: rule of record 1042 is missing" */
};
int fw_nft_drift(struct fw_nft *n, struct fw_drift *ret, struct sk_err *err);

/*
 * One number for what the table holds, the same as long as nobody changes it and whoever asks; 0 if
 * it has no rules. After fw_nft_drift found none: of what that saw. Before any apply: read now.
 */
int fw_nft_digest(struct fw_nft *n, uint64_t *ret, struct sk_err *err);

/* Named counters of all records; the array is owned by the caller (free). */
int fw_nft_counters(
	struct fw_nft *n, struct fw_nft_counter **ret, size_t *ret_n, struct sk_err *err);

/* NEWGEN notifications, filtered in the kernel to nothing else. */
struct fw_nft_gen {
	uint32_t genid, pid, portid;
	char comm[32];
};
int fw_nft_watch_open(struct sk_err *err); /* non-blocking fd */
/*
 * Stop listening while we change the table, and start again: as long as anybody listens the kernel
 * writes a message for every rule, filter or not, a fifth of the time that 10,000 rules take.
 */
int fw_nft_watch_mute(int fd, bool mute);
/* Read one; 0 none left, 1 filled, -ENOBUFS events were lost (check for drift), other -errno. */
int fw_nft_watch_read(int fd, struct fw_nft_gen *ret);
uint32_t fw_nft_genid(const struct fw_nft *n);   /* of our last own change */
bool fw_nft_own_pid(const struct fw_nft_gen *g); /* the change was ours */
/* The same by socket, exact also where process ids are counted in another namespace. */
bool fw_nft_own_change(const struct fw_nft *n, const struct fw_nft_gen *g);
/* Other tables with base chains on hooks we guard, as words; for the status and the drift report.
 */
int fw_nft_foreign(struct fw_nft *n, struct sk_buf *b, struct sk_err *err);

/* The policy in nft(8) syntax, for people and for `nft -f` in benches: loadable by nft. */
int fw_nft_text(const struct fw_policy *p, struct sk_buf *b, struct sk_err *err);
/* The same with the sets of the blocklists, without their elements; NULL: none. */
struct fw_nft_layout;
int fw_nft_text_lists(const struct fw_policy *p, const struct fw_nft_layout *lists,
	struct sk_buf *b, struct sk_err *err);

#endif
