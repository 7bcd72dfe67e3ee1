/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout of the keyboard at the screen: what the kernel makes of its keys. */
#ifndef SCR_KEYS_H
#define SCR_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

enum scr_keys { SCR_KEYS_JP, SCR_KEYS_US };

/* One key that the two layouts have differently: characters alone, with Shift, with Ctrl; 0: none.
 */
struct scr_key {
	uint8_t code; /* as linux/input-event-codes.h counts */
	char plain, shift, ctrl;
};
const struct scr_key *scr_keys_table(enum scr_keys k, size_t *ret_n);

/* For all screens (/dev/tty0), until it is set again. -ENODEV: there is none; -EPERM. */
int scr_keys_apply(enum scr_keys k, struct sk_err *err);

#endif
