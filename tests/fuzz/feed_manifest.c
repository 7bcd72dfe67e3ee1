/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as manifest.json of a MISP feed: no more events than asked for, none that is no UUID. */
#include <assert.h>
#include <string.h>

#include "mgmt/feeds/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(const char *uuid, void *arg)
{
	assert(strlen(uuid) == 36 && !strpbrk(uuid, "/.?#%"));
	assert(++*(int *)arg <= 3);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mg_feed_def d = {.format = MG_FF_MISP, .days = 3650, .events = 3};
	struct sk_err err = {0};
	int n = 0;

	if (mg_feed_misp_manifest(&d, 1796000000, data, size, count, &n, &err) < 0)
		assert(err.en[0]);
	return 0;
}
