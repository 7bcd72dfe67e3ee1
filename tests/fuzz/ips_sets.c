/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of datasets and of reputation: any text. What a dataset took must be found in it, and what
 * is saved must load again to the same text.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ips/detect/state.h"

#define TEXT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t seed[16] = "sets fuzz.......";

static void dataset(struct ips_state *s, char type, const char *text, size_t n)
{
	struct sk_buf one, two;

	sk_buf_init(&one, TEXT_MAX);
	sk_buf_init(&two, TEXT_MAX);
	if (ips_dataset_load(s, "a", (uint8_t)type, text, n, NULL) == 0) {
		assert(ips_dataset_save(s, "a", (uint8_t)type, &one) == 0);
		assert(ips_dataset_load(s, "b", (uint8_t)type, sk_buf_str(&one), one.len, NULL) ==
			0);
		assert(ips_dataset_save(s, "b", (uint8_t)type, &two) == 0);
		assert(one.len == two.len);
	}
	sk_buf_done(&one);
	sk_buf_done(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char types[] = "smh4i";
	struct ips_state_config cfg = {16, 16, 16, 1u << 20};
	const uint8_t *half;
	struct ips_addr a = {{0x0100000a, 0, 0, 0}};
	struct ips_state *s;
	char *text;

	if (size < 1 || size > TEXT_MAX / 4)
		return 0;
	s = ips_state_new(&cfg, seed);
	text = malloc(size);
	assert(s && text);
	memcpy(text, data + 1, size - 1);
	if (data[0] == 'r') {
		half = memchr(text, '\f', size - 1);
		if (half) {
			size_t n = (size_t)(half - (uint8_t *)text);

			ips_iprep_load(s, text, n, text + n + 1, size - n - 2, NULL);
		}
		ips_iprep_get(s, "BadHosts", 4, &a);
		ips_iprep_get(s, "BadHosts", 6, &a);
	} else {
		dataset(s, types[data[0] % 5], text, size - 1);
	}
	free(text);
	ips_state_free(s);
	return 0;
}
