/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SSH banners and key exchanges; the first byte chooses how much memory the parser may use. */
#include "ips/proto/protos.h"
#include "tests/fuzz/ips_app_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size)
		drive(&ips_ssh_proto, data[0] & 1 ? 16384u + 128 * data[0] : 4u << 20, data + 1,
			size - 1);
	return 0;
}
