/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drives one protocol parser from fuzz input: pieces of both directions, gaps and ends, and after
 * each piece every buffer of every transaction is read.
 */
#ifndef FUZZ_IPS_APP_DRIVE_H
#define FUZZ_IPS_APP_DRIVE_H

#include "ips/proto/app.h"

/*
 * Input: pieces of one control byte, a length (16 bits, little-endian) and so many bytes. Bit 0 of
 * the control byte: direction; bit 1: the end of that direction; bit 2: a gap of that length
 * instead of bytes; bit 3: reap what is complete.
 */
void drive(const struct ips_proto *proto, uint64_t mem_max, const uint8_t *data, size_t size);

#endif
