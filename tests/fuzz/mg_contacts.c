// SPDX-License-Identifier: GPL-2.0-or-later
/* A contact of an event: what is taken has a text that is taken again as the same. */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "mgmt/contacts/private.h"

#define NOW 1796000000ll

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *v = sk_json_parse((const char *)data, size, NULL);
	struct mg_contact_row row = {0}, again = {0};
	char text[MG_NAME_MAX + 1];

	if (v && mg_contact_decode(v, NOW, &row) == 0) {
		if (row.last > NOW || row.first > row.last || row.count == 0 ||
			mg_contact_text(row.key.kind, row.key.b, row.key.len, text) < 0)
			abort();
		json_object_set_new(v, "value", json_string(text));
		if (mg_contact_decode(v, NOW, &again) < 0 || again.key.len != row.key.len ||
			memcmp(again.key.b, row.key.b, row.key.len) != 0)
			abort();
	}
	json_decref(v);
	return 0;
}
