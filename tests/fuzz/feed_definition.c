/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as the definition of a feed: what is accepted is within every bound. */
#include <assert.h>
#include <string.h>

#include "mgmt/feeds/definition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_err err = {0};
	struct mg_feed_def d;

	if (mg_feed_def_parse_text(&d, (const char *)data, size, &err) < 0) {
		assert(err.code && err.en[0]);
	} else {
		assert(mg_feed_name_valid(d.name) && d.title.en && d.kind);
		assert(!d.url != !d.path && d.format < MG_FF_COUNT);
		assert(!d.url || strncmp(d.url, "https://", 8) == 0);
		assert(d.interval >= MG_FEED_INTERVAL_MIN && d.interval <= MG_FEED_INTERVAL_MAX);
		assert(d.jitter >= 0 && d.jitter <= d.interval);
		assert(d.max_bytes <= MG_FEED_BYTES_MAX && d.max_entries <= MG_FEED_ENTRIES_MAX);
		assert(d.timeout <= MG_FEED_TIMEOUT_MAX);
		assert(!d.enabled || d.licence.companies == MG_COMPANIES_YES);
		for (unsigned failed = 0; failed < 40; failed++) {
			int64_t next = mg_feed_next(&d, 1000, failed, size * 2654435761u);

			assert(next > 1000 && next <= 1000 + d.interval + d.jitter);
		}
	}
	mg_feed_def_done(&d);
	return 0;
}
