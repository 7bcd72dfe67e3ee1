// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gate's ports as they come from nacd or the disk, and addresses. What is taken comes back the
 * same from its own JSON, and its plan and all messages can be made.
 */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "fw/nft/gate_put.h"
#include "lib/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plan(const struct fw_gate_conf *c)
{
	struct fw_gate_plan pl;
	struct fw_nft_batch b;

	fw_nft_batch_init(&b, 1);
	if (fw_gate_plan_init(&pl, c, NULL) == 0) {
		for (size_t i = 0; i < pl.n_chains; i++)
			fw_gate_put_chain(&b, &pl.chains[i]);
		for (size_t i = 0; i < pl.n_sets; i++)
			fw_gate_put_set(&b, &pl.sets[i]);
		for (size_t i = 0; i < pl.n_rules; i++)
			fw_gate_put_rule(&b, &pl.rules[i]);
		assert(b.err == 0);
	}
	fw_gate_plan_done(&pl);
	fw_nft_batch_done(&b);
}

static void address(const uint8_t *data, size_t size)
{
	char s[64] = "", back[FW_MAC_TEXT];
	uint8_t mac[FW_MAC_LEN], again[FW_MAC_LEN];

	memcpy(s, data, size < sizeof(s) ? size : sizeof(s) - 1);
	if (fw_mac_parse(s, mac) < 0)
		return;
	assert(fw_mac_parse(fw_mac_text(mac, back), again) == 0);
	assert(memcmp(mac, again, sizeof(mac)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fw_gate_conf c = {0}, again = {0};
	struct sk_err err = {0};
	json_t *v = sk_json_parse((const char *)data, size, &err);

	address(data, size);
	if (json_is_object(v) && fw_gate_conf_from_json(v, &c, &err) == 0) {
		json_t *back = fw_gate_conf_to_json(&c);

		assert(back && fw_gate_conf_from_json(back, &again, &err) == 0);
		assert(memcmp(&c, &again, sizeof(c)) == 0);
		json_decref(back);
		plan(&c);
	}
	json_decref(v);
	return 0;
}
