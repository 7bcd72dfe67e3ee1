/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel held when we last looked, kept on disk with the boot it belongs to: so that a
 * change made while fwd was not running is noticed, and not only undone, at its next start.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fw/fwd/fwd.h"
#include "lib/file.h"
#include "lib/log.h"

#define SEAL_FILE "seal"
#define SEAL_BYTES 128
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* "<boot id> <digest>"; false where the kernel does not tell its boot. */
static bool seal_text(uint64_t digest, char *dst, size_t cap)
{
	struct sk_buf b;
	bool ok;

	sk_buf_init(&b, SEAL_BYTES);
	ok = sk_file_read(BOOT_ID, &b, NULL) == 0 && b.len > 1;
	if (ok)
		snprintf(dst, cap, "%.*s %016" PRIx64 "\n", (int)strcspn(sk_buf_str(&b), "\n"),
			sk_buf_str(&b), digest);
	sk_buf_done(&b);
	return ok;
}

static void put(struct fwd *d, const char *text)
{
	struct sk_err err = {0};

	if (fwd_persist_write(d->disk, SEAL_FILE, text, strlen(text), &err) < 0)
		sk_log_err(LOG_WARNING, "seal", &err);
}

void fwd_seal_break(struct fwd *d)
{
	if (d->drift.sealed)
		put(d, "");
	d->drift.sealed = 0;
}

void fwd_seal_save(struct fwd *d)
{
	char text[SEAL_BYTES];
	uint64_t digest = 0;

	if (fw_nft_digest(d->nft, &digest, NULL) < 0 || !digest || digest == d->drift.sealed ||
		!seal_text(digest, text, sizeof(text)))
		return;
	put(d, text);
	d->drift.sealed = digest;
}

bool fwd_seal_broken(struct fwd *d)
{
	char now[SEAL_BYTES];
	uint64_t digest = 0;
	bool broken = false;
	struct sk_buf b;
	const char *s;

	sk_buf_init(&b, SEAL_BYTES);
	if (fwd_persist_read(d->disk, SEAL_FILE, &b, NULL) < 0 || !b.len) {
		sk_buf_done(&b);
		return false;
	}
	d->drift.sealed = 1; /* something to break before the first change */
	s = sk_buf_str(&b);
	if (fw_nft_digest(d->nft, &digest, NULL) == 0 && seal_text(digest, now, sizeof(now))) {
		size_t boot = strcspn(now, " ");
		/* Another boot: the kernel began empty, and that is nobody's doing. */
		broken = strncmp(s, now, boot + 1) == 0 && strcmp(s, now) != 0;
	}
	sk_buf_done(&b);
	return broken;
}
