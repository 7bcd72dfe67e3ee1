/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a message of the packet queue: what is taken for a packet lies within them. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ips/queue/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	const struct nlmsghdr *h = (const void *)copy;
	struct ips_queue_packet p;
	unsigned sum = 0;
	int error = 0;

	assert(copy);
	memcpy(copy, data, size);
	if (ips_queue_msg_ok(h, size) && ips_queue_msg_parse(h, &p, &error) == 1) {
		if (p.frame.len)
			assert(p.frame.data > copy && p.frame.data + p.frame.len <= copy + size);
		for (uint32_t i = 0; i < p.frame.len; i++)
			sum += p.frame.data[i];
		for (int i = 0; p.hw_src && i < 6; i++)
			sum += p.hw_src[i];
		assert(p.len >= p.frame.len);
		if (sum == UINT32_MAX)
			abort();
	}
	free(copy);
	return 0;
}
