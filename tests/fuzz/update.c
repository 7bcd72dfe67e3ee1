/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what an update brings; the first chooses: I an index of releases, M a bundle's
 * manifest, T its last bytes, V two versions, G the loader's block with a name and a value.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/buf.h"
#include "mgmt/update/update.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void index_of(const uint8_t *p, size_t n)
{
	static struct mg_release r;
	struct sk_err err = {0};
	char url[256];

	if (mg_index_parse(p, n, "sekisho-amd64", &r, &err) < 0) {
		assert(err.en[0]);
		return;
	}
	assert(mg_version_check(r.version, NULL) == 0);
	assert(r.size > 0 && r.size <= MG_BUNDLE_MAX && strlen(r.sha256) == 64);
	assert(!strchr(r.file, '/') && r.file[0] != '.');
	assert(mg_index_beside("https://u.example/latest.json", r.file, url, sizeof(url)) == 0);
}

static void manifest_of(const char *p, size_t n)
{
	struct mg_manifest m;
	struct sk_err err = {0};

	if (mg_manifest_parse(p, n, &m, &err) == 0)
		assert(m.compatible[0] && mg_version_check(m.version, NULL) == 0);
	else
		assert(err.en[0] && err.ja[0]);
}

static void tail_of(const uint8_t *p, size_t n)
{
	size_t len = 0;

	if (n >= 8 && mg_bundle_signature(p, (int64_t)n, &len, NULL) == 0)
		assert(len > 0 && len < n - 8);
}

static void versions_of(const char *text)
{
	const char *other = strchr(text, '\n');
	struct sk_buf b;
	int d;

	if (!other)
		return;
	sk_buf_init(&b, 1u << 20);
	sk_buf_put(&b, text, (size_t)(other - text));
	d = mg_version_order(sk_buf_str(&b), other + 1);
	assert((d > 0) == (mg_version_order(other + 1, sk_buf_str(&b)) < 0));
	assert(mg_version_order(other + 1, other + 1) == 0);
	sk_buf_done(&b);
}

static void block_of(const uint8_t *p, size_t n)
{
	char block[MG_GRUBENV_SIZE], v[MG_GRUBENV_SIZE];

	if (n < sizeof(block))
		return;
	memcpy(block, p, sizeof(block));
	mg_grubenv_get(block, "ORDER", v, sizeof(v));
	if (mg_grubenv_set(block, "reset", "1") == 0) {
		assert(mg_grubenv_get(block, "reset", v, sizeof(v)) == 0);
		assert(strcmp(v, "1") == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_buf b;

	if (size == 0)
		return 0;
	sk_buf_init(&b, 1u << 20);
	sk_buf_put(&b, data + 1, size - 1);
	switch (data[0]) {
	case 'I': index_of(data + 1, size - 1); break;
	case 'M': manifest_of((const char *)data + 1, size - 1); break;
	case 'T': tail_of(data + 1, size - 1); break;
	case 'V': versions_of(sk_buf_str(&b)); break;
	case 'G': block_of(data + 1, size - 1); break;
	default: break;
	}
	sk_buf_done(&b);
	return 0;
}
