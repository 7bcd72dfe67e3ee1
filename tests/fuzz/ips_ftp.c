/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FTP: control connections, or with bit 1 of the first byte data connections; the first byte
 * chooses how much memory the parser may use. */
#include "ips/proto/protos.h"
#include "tests/fuzz/ips_app_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size)
		drive(data[0] & 2 ? &ips_ftpdata_proto : &ips_ftp_proto,
			data[0] & 1 ? 12288u + 128 * data[0] : 4u << 20, data + 1, size - 1);
	return 0;
}
