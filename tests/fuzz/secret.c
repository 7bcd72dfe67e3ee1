// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a file of secrets, the first one says which. What is taken its reader finds under
 * each name, and it is taken again after something was added; no message has any of the content.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/feeds/fetch/secrets.h"
#include "mgmt/notify/secrets.h"
#include "mgmt/radius/secrets.h"
#include "mgmt/radius/users.h"
#include "mgmt/secret/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void found(enum mg_secret s, const char *text, const char *name)
{
	char dst[256];

	if (s == MG_SECRET_FEEDS)
		assert(mg_fetch_secret(text, name, dst, sizeof(dst)) > 0);
	if (s == MG_SECRET_RADIUS)
		assert(mg_radius_secret(text, name, dst, 129) == 0);
}

/* Any text is a password, or is refused. */
static void hash(const char *text)
{
	char hex[MG_NT_HASH + 1] = "";
	struct sk_err err = {0};

	if (mg_nt_hash(text, hex, &err) == 0)
		assert(strlen(hex) == MG_NT_HASH);
	else
		assert(!hex[0] && err.en[0] && err.ja[0]);
}

static void use(enum mg_secret s, const char *text, const json_t *names)
{
	static const char *const more[] = {"ca_file=/new", "new-one = key", "new-one:a-new-secret",
		"new-one:00112233445566778899aabbccddeeff"};
	struct mg_notify_secrets n = {0};
	json_t *one = NULL, *all = NULL;
	const json_t *v;
	char *both;
	size_t i;

	json_array_foreach (names, i, v)
		found(s, text, json_string_value(v));
	if (s == MG_SECRET_NOTIFY)
		assert(mg_notify_secrets_parse(&n, text, NULL) == 0);
	assert(mg_secret_check(s, more[s], strlen(more[s]), &one, NULL) == 0);
	both = mg_secret_add(s, more[s], one, text);
	assert(both && mg_secret_check(s, both, strlen(both), &all, NULL) == 0);
	assert(json_array_size(all) >= json_array_size(names));
	json_decref(mg_secret_diff(s, text, both));
	free(both);
	json_decref(one);
	json_decref(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_err err = {0};
	json_t *names = NULL;
	enum mg_secret s;
	char *text;

	if (size < 1 || size > 60000)
		return 0;
	s = data[0] % MG_SECRETS;
	text = malloc(size);
	assert(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (mg_secret_check(s, text, size - 1, &names, &err) == 0)
		use(s, text, names);
	else
		assert(!names && err.en[0] && err.ja[0]);
	hash(text);
	json_decref(names);
	free(text);
	return 0;
}
