// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as an answer file. What is taken makes files without lines that nobody meant, and what
 * is kept of it is taken again; what is refused is told in both languages.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/gateway/generate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int look(const char *path, unsigned mode, const struct sk_buf *text, void *arg)
{
	assert(!strstr(path, ".."));
	for (size_t i = 0; i < text->len; i++)
		assert(text->data[i] == '\n' || (text->data[i] >= ' ' && text->data[i] != 0x7f));
	return 0;
}

static void use(const json_t *doc, struct mg_gateway *g)
{
	const struct mg_gw_files out = {look, NULL};
	struct mg_gateway *again = NULL;
	struct sk_err err = {0};
	json_t *kept = mg_gateway_settings(doc, g), *site = mg_gateway_site(g);

	for (size_t i = 0; i < g->n_ports; i++)
		if (!g->ports[i].name[0])
			snprintf(g->ports[i].name, sizeof(g->ports[i].name), "p%u", (unsigned)i);
	assert(mg_gateway_generate(g, &out, &err) == 0);
	assert(mg_gateway_parse(kept, &again, &err) == 0);
	mg_gateway_free(again);
	json_decref(kept);
	json_decref(site);
	mg_gateway_check_first(g, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mg_gateway *g = NULL;
	struct sk_err err = {0};
	json_t *doc = sk_json_parse((const char *)data, size, &err);

	if (!doc)
		return 0;
	if (mg_gateway_parse(doc, &g, &err) == 0) {
		use(doc, g);
	} else if (err.code != -ENOMEM) {
		assert(err.code < 0 && err.en[0]);
		assert(sk_utf8_valid(err.en, strlen(err.en)) &&
			sk_utf8_valid(err.ja, strlen(err.ja)));
	}
	mg_gateway_free(g);
	json_decref(doc);
	return 0;
}
