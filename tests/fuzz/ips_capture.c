/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a capture file: what it holds is decoded, then comes the end or one lasting error.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ips/capture/capture.h"

#define FRAMES_MAX 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct ips_capture *c)
{
	static const uint8_t seed[16] = {3};
	struct sk_err err = {.code = 0};
	struct ips_decoder_config cfg;
	struct ips_decoder *d;
	struct ips_packet p;
	struct ips_view v;
	uint64_t ts;
	int r = 1;

	ips_decoder_config_default(&cfg, false);
	cfg.frag_bytes = 32768;
	d = ips_decoder_new(&cfg, seed);
	assert(d);
	for (int i = 0; i < FRAMES_MAX && r == 1; i++) {
		r = ips_capture_next(c, &v, &ts, &err);
		if (r == 1)
			ips_decode(d, ips_capture_link(c), v, ts, &p);
	}
	ips_decoder_free(d);
	if (r == 1)
		return;
	assert(r <= 0 && (r == 0 || err.en[0]));
	assert(ips_capture_next(c, &v, &ts, &err) == r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_err err = {.code = 0};
	struct ips_capture *c;
	char path[64];
	int fd = memfd_create("capture", MFD_CLOEXEC);

	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (ips_capture_open(&c, path, &err) < 0) {
		assert(err.en[0]);
	} else {
		read_all(c);
		ips_capture_close(c);
	}
	close(fd);
	return 0;
}
