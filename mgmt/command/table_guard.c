// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments and columns of the guard's commands: sources that are blocked for a time. */
#include "mgmt/command/table.h"

#include "fw/policy/guard.h"

#define ADDRESS                                                                                    \
	{                                                                                          \
		.name = "address", .type = MG_STRING, .required = true, .positional = true,        \
		.max = 64, .meta = "ADDRESS", .help = {                                            \
			"source address, or an IPv6 network of 64 bits",                           \
			"接続元 IP アドレス、または IPv6 ネットワーク (/64)"      \
		}                                                                                  \
	}
#define REASON                                                                                     \
	{                                                                                          \
		.name = "reason", .type = MG_STRING, .max = 1000, .meta = "TEXT", .help = {        \
			"why, for the audit log",                                                  \
			"理由 (操作記録に残す)"                                           \
		}                                                                                  \
	}

const struct mg_arg mg_a_guard_release[] = {ADDRESS, REASON, {0}};

const struct mg_arg mg_a_guard_block[] = {
	ADDRESS,
	{.name = "for",
		.type = MG_UINT,
		.min = FW_GUARD_BLOCK_MIN,
		.max = FW_GUARD_BLOCK_MAX,
		.meta = "SECONDS",
		.help = {"how long (default: the setting guard.block_seconds)",
			"遮断する秒数 (省略時は設定 guard.block_seconds)"}},
	REASON,
	{0},
};

const struct mg_column mg_c_guard[] = {
	{.key = "address", .title = {"Source", "接続元"}},
	{.key = "guard", .title = {"Blocked for", "遮断の理由"}},
	{.key = "zone_in", .title = {"From", "接続元ゾーン"}},
	{.key = "since", .title = {"Since", "開始"}, .is_time = true},
	{.key = "until", .title = {"Until", "終了"}, .is_time = true},
	{.key = "left", .title = {"Left (s)", "残り(秒)"}, .right = true},
	{.key = "who", .title = {"By", "操作者"}, .sparse = true},
	{0},
};
