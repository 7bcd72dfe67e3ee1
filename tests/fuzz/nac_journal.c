/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is read from disk or from a package: the isolation's journal, a fingerprint of the admission
 * document, the registry of card makers. The first byte chooses.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "nac/observe/isolate.h"
#include "nac/observe/oui.h"
#include "nac/observe/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_send(void *arg, const uint8_t *p, size_t len)
{
	assert(len <= NAC_ISO_FRAME);
}

static void journal(const char *text, size_t len)
{
	struct nac_iso_config cfg = {.send = on_send};
	struct nac_iso *iso = nac_iso_new(&cfg);
	struct sk_err err = {.code = 0};

	assert(iso);
	if (nac_iso_recover(iso, text, len, 1000000, &err) < 0)
		assert(err.en[0]);
	for (int i = 0; i < 40; i++)
		nac_iso_tick(iso, 1000000 + i * 50000);
	nac_iso_free(iso);
}

static void print(const char *text, size_t len)
{
	_cleanup_(sk_json_decrefp) json_t *obj = sk_json_parse(text, len, NULL), *back = NULL;
	struct nac_print p, again;

	if (!obj || nac_print_from_json(obj, &p, NULL) < 0)
		return;
	back = nac_print_to_json(&p);
	assert(back && nac_print_from_json(back, &again, NULL) == 0);
	assert(memcmp(&p, &again, sizeof(p)) == 0);
	assert(nac_print_compare(&p, &again, NULL) == NAC_PRINT_SAME);
}

static void makers(const char *text, size_t len)
{
	struct nac_oui *o = nac_oui_new();
	struct nac_mac mac = {{0, 0x1b, 0x21, 0, 0, 1}};
	const char *name;

	assert(o && nac_oui_add_csv(o, text, len) == 0 && nac_oui_seal(o) == 0);
	name = nac_oui_find(o, &mac);
	assert(!name || sk_utf8_valid(name, strlen(name)));
	nac_oui_free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 1)
		return 0;
	text = malloc(size);
	assert(text);
	memcpy(text, data + 1, size - 1);
	if (data[0] % 3 == 0)
		journal(text, size - 1);
	else if (data[0] % 3 == 1)
		print(text, size - 1);
	else
		makers(text, size - 1);
	free(text);
	return 0;
}
