/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a rule list. What is read must be UTF-8, survive checking, and come back equal when
 * it is written and read again.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fw/registry/csv.h"
#include "lib/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct fw_rule *a, const struct fw_rule *b)
{
	json_t *d = fw_rule_diff(a, b);

	assert(d && json_object_size(d) == 0);
	json_decref(d);
}

/* Near the largest cell the guard and the separators may not fit any more. */
static bool large(const struct fw_rule *r)
{
	const char *const texts[] = {r->applicant, r->source, r->destination, r->protocol, r->port,
		r->purpose, r->nat_to, r->partner, r->ticket};

	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++)
		if (texts[i] && strlen(texts[i]) + 8 > FW_CSV_CELL_MAX)
			return true;
	return false;
}

static void write_and_read(const struct fw_rule *r, enum sk_lang lang)
{
	struct fw_csv_rules again;
	struct sk_buf b;
	int ret;

	sk_buf_init(&b, 1 << 20);
	fw_csv_put_header(&b, lang);
	fw_csv_put_rule(&b, r, lang);
	assert(sk_buf_error(&b) == 0);
	ret = fw_csv_read_rules(b.data, b.len, &again, NULL);
	assert(ret == 0 && again.n_errors == 0 && again.n == 1);
	same(r, &again.rules[0]);
	fw_csv_rules_done(&again);
	sk_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_err err = {0};
	struct fw_csv_rules out;

	if (fw_csv_read_rules(data, size, &out, &err) < 0) {
		assert(err.code < 0 && err.en[0] && err.ja[0]);
		assert(sk_utf8_valid(err.en, strlen(err.en)));
		assert(sk_utf8_valid(err.ja, strlen(err.ja)));
		return 0;
	}
	for (size_t i = 0; i < out.n_errors; i++)
		assert(out.errors[i].line > 0 && out.errors[i].err.en[0]);
	for (size_t i = 0; i < out.n && i < 50; i++) {
		assert(out.lines[i] > 0);
		fw_rule_validate(&out.rules[i], NULL, NULL, NULL, &err);
		if (!large(&out.rules[i]))
			write_and_read(&out.rules[i], i % 2 ? SK_JA : SK_EN);
	}
	fw_csv_rules_done(&out);
	return 0;
}
