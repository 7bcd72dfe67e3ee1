// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments of the commands about the machine and its updates. */
#include "mgmt/command/table.h"

const struct mg_arg mg_a_system_reset[] = {
	{.name = "code",
		.type = MG_STRING,
		.max = 16,
		.meta = "CODE",
		.help = {"what the first call answered: everything is erased now",
			"1 回目の実行で表示された確認コード。すべてのデータを消去する"}},
	{0},
};

const struct mg_arg mg_a_update_apply[] = {
	{.name = "file",
		.type = MG_STRING,
		.positional = true,
		.max = 1000,
		.meta = "FILE",
		.help = {"a bundle (.raucb) on the gateway by its absolute path, such as one on a "
			 "USB stick labelled SEKISHO, /media/stick/NAME",
			"本装置上の更新用ファイル (.raucb) の絶対パス。ラベル SEKISHO の USB "
			"メモリーは /media/stick/…"}},
	{.name = "downgrade",
		.type = MG_FLAG,
		.help = {"also an older version, or the same once more",
			"古い版、または同じ版でも書き込む"}},
	{.name = "restart",
		.type = MG_FLAG,
		.help = {"start the gateway again at once", "直ちに再起動する"}},
	{0},
};

const struct mg_arg mg_a_update_rollback[] = {
	{.name = "restart",
		.type = MG_FLAG,
		.help = {"start the gateway again at once", "直ちに再起動する"}},
	{.name = "lose_changes",
		.type = MG_FLAG,
		.help = {"go on with the registry as it was before the update",
			"更新前の台帳で動作することを了承する"}},
	{0},
};

const struct mg_arg mg_a_update_source[] = {
	{.name = "url",
		.type = MG_STRING,
		.positional = true,
		.max = 1000,
		.meta = "URL",
		.help = {"https:// address of latest.json, or none",
			"latest.json の https:// の URL、または none"}},
	{.name = "purpose",
		.type = MG_STRING,
		.max = 1000,
		.meta = "TEXT",
		.help = {"why it is changed", "変更の目的"}},
	{.name = "dry_run",
		.type = MG_FLAG,
		.help = {"only check and show what would happen", "確認だけ行い、何も変更しない"}},
	{0},
};
