/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables behind buffer.h, made from buffer_list.def. Read by the rule parser (names), detection
 * (directions, growth) and the parsers (numbers); they never change at run time.
 */
#include "ips/proto/buffer.h"

#include <stddef.h>
#include <string.h>

static const struct ips_proto_info protos[IPS_P_COUNT] = {
	[IPS_P_UNKNOWN] = {"unknown", 0},
	[IPS_P_FAILED] = {"failed", 0},
#define IPS_PROTO(id, name_, flags_) [IPS_P_##id] = {name_, flags_},
#include "ips/proto/buffer_list.def"
#undef IPS_PROTO
};

static const struct ips_buf_info buffers[IPS_BUF_COUNT] = {
	[IPS_BUF_PAYLOAD] = {"payload", IPS_BUF_BOTH, 0},
#define IPS_BUFFER(id, name_, protos_, dirs_, flags_)                                              \
	[IPS_BUF_##id] = {name_, (dirs_) | (flags_), protos_},
#include "ips/proto/buffer_list.def"
#undef IPS_BUFFER
};

static const char *const numbers[IPS_NUM_COUNT] = {
#define IPS_NUMBER(id, name_, protos_) [IPS_NUM_##id] = name_,
#include "ips/proto/buffer_list.def"
#undef IPS_NUMBER
};

_Static_assert(IPS_P_COUNT <= 64, "bit sets over protocols are 64 wide");

const struct ips_buf_info *ips_buf_info(enum ips_buf b)
{
	return &buffers[b];
}

int ips_buf_by_name(const char *name)
{
	for (int i = 1; i < IPS_BUF_COUNT; i++)
		if (strcmp(buffers[i].name, name) == 0)
			return i;
	return -1;
}

const struct ips_proto_info *ips_proto_info(enum ips_proto_id id)
{
	return &protos[id];
}

int ips_proto_by_name(const char *name)
{
	for (int i = IPS_P_FAILED + 1; i < IPS_P_COUNT; i++)
		if (strcmp(protos[i].name, name) == 0)
			return i;
	return -1;
}

const char *ips_num_name(enum ips_num n)
{
	return numbers[n];
}
