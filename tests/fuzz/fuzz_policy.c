/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the policy document: the bytes as they are, and with an end line that belongs to them, so
 * that the hash does not keep the fuzzer out. What is accepted must encode to a document that is
 * accepted again, and must be explained and analysed without a fault.
 */
#include <stdlib.h>
#include <string.h>

#include "fw/policy/analyze.h"
#include "fw/policy/explain.h"
#include "lib/util.h"

#define NOW 1800000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void explain(const struct fw_policy *p)
{
	for (size_t i = 0; i < p->n_rules && i < 8; i++) {
		const struct fw_policy_rule *r = &p->rules[i];
		struct fw_flow f = {.proto = 6, .port = 443, .from = r->from, .to = r->to};
		struct fw_decision d;
		struct sk_buf b;

		f.src = (struct fw_ip){4, r->match.src.n4 ? r->match.src.v4[0].lo : 1};
		f.dst = (struct fw_ip){4, r->match.dst.n4 ? r->match.dst.v4[0].hi : 1};
		fw_explain(p, &f, NULL, NULL, &d);
		sk_buf_init(&b, 1 << 16);
		fw_explain_put(&b, p, &f, &d, i % 2 ? SK_JA : SK_EN);
		sk_buf_done(&b);
	}
}

static void analyze(const struct fw_policy *p)
{
	const struct fw_analyze_opts o = {
		.now = NOW, .expiring_days = 30, .unused_days = 90, .budget = 64};
	struct fw_findings found = {0};

	if (fw_analyze(p, &o, &found, NULL) == 0)
		fw_findings_done(&found);
}

static void encode_again(struct fw_policy *p)
{
	struct fw_policy *q = NULL;
	struct sk_err err = {0};
	struct sk_buf b;

	sk_buf_init(&b, FW_POLICY_BYTES_MAX);
	if (fw_policy_encode(p, &b, &err) < 0 ||
		fw_policy_parse(b.data, b.len, FW_POLICY_STRICT, NOW, &q, NULL, &err) < 0 ||
		q->n_rules != p->n_rules)
		abort();
	fw_policy_free(q);
	sk_buf_done(&b);
}

static void try(const void *doc, size_t n, enum fw_policy_mode mode)
{
	struct fw_policy *p = NULL;
	struct sk_err err = {0};

	if (fw_policy_parse(doc, n, mode, NOW, &p, NULL, &err) < 0) {
		if (p || !err.code || !err.en[0])
			abort();
		return;
	}
	explain(p);
	analyze(p);
	encode_again(p);
	fw_policy_drop_expired(p, NOW + 10000000, NULL, NULL);
	fw_policy_free(p);
}

/* The lines but an end line, and the end line that belongs to them. */
static void with_end(const uint8_t *data, size_t size, struct sk_buf *b)
{
	static const char rule[] = "{\"rule\"", end[] = "{\"end\"";
	uint8_t sum[32];
	char hex[65];
	size_t rules = 0;

	while (size) {
		const uint8_t *nl = memchr(data, '\n', size);
		size_t n = nl ? (size_t)(nl - data) : size;

		if (n >= sizeof(rule) - 1 && memcmp(data, rule, sizeof(rule) - 1) == 0)
			rules++;
		if (n < sizeof(end) - 1 || memcmp(data, end, sizeof(end) - 1) != 0) {
			sk_buf_put(b, data, n);
			sk_buf_putc(b, '\n');
		}
		data += nl ? n + 1 : n;
		size -= nl ? n + 1 : n;
	}
	sk_sha256(sum, b->data, b->len);
	sk_buf_printf(b, "{\"end\":{\"rules\":%zu,\"sha256\":\"%s\"}}\n", rules,
		sk_hex(hex, sum, sizeof(sum)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_buf b;

	try(data, size, FW_POLICY_STRICT);
	sk_buf_init(&b, 1 << 24);
	with_end(data, size, &b);
	try(b.data, b.len, FW_POLICY_STRICT);
	try(b.data, b.len, FW_POLICY_BOOT);
	sk_buf_done(&b);
	return 0;
}
