/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drives the parser of a feed's format from fuzz input and checks what must hold of any input: what
 * is taken makes a list that its own reader accepts, and no count is beyond another.
 */
#ifndef FUZZ_FEED_DRIVE_H
#define FUZZ_FEED_DRIVE_H

#include <stddef.h>
#include <stdint.h>

struct feed_variant {
	const char *format, *options; /* options: JSON, NULL for none */
};

/* The first byte chooses one of n variants, the rest is the file. */
void feed_drive(const struct feed_variant *v, size_t n, const uint8_t *data, size_t size);

#define FEED_FUZZER(...)                                                                           \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                              \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                               \
	{                                                                                          \
		static const struct feed_variant v[] = {__VA_ARGS__};                              \
                                                                                                   \
		feed_drive(v, sizeof(v) / sizeof(v[0]), data, size);                               \
		return 0;                                                                          \
	}

#endif
