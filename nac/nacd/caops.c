/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations of the authority. */
#include "nac/nacd/caops.h"

const struct nacd_op *nacd_caop_find(const char *name)
{
	return NULL;
}
