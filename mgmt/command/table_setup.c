/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments of setting the gateway up. */
#include "mgmt/command/table.h"

const struct mg_arg mg_a_setup[] = {
	{.name = "answers",
		.type = MG_FILE,
		.max = 256u << 10,
		.meta = "FILE",
		.help = {"answer file instead of questions (- reads it from standard input)",
			"質問の代わりに使う応答ファイル(- は標準入力)"}},
	{.name = "check",
		.type = MG_FLAG,
		.help = {"only check the answer file", "応答ファイルの確認だけ行う"}},
	{.name = "confirm",
		.type = MG_UINT,
		.min = 0,
		.max = 3600,
		.meta = "SECONDS",
		.help = {"set up again: seconds within which `sekisho setup confirm` must follow, "
			 "else the settings of before return (default 120; 0: final at once)",
			"再設定のとき、この秒数以内に sekisho setup confirm "
			"がなければ自動で元に戻す"
			"(省略時 120、0 は直ちに確定)"}},
	{.name = "show",
		.type = MG_FLAG,
		.help = {"show the set-up in force as an answer file",
			"現在の設定を応答ファイルの形で表示する"}},
	{0},
};

const struct mg_arg mg_a_setup_document[] = {
	{.name = "document",
		.type = MG_FILE,
		.required = true,
		.positional = true,
		.max = 256u << 10,
		.meta = "FILE",
		.help = {"set-up document (JSON)", "設定の文書 (JSON)"}},
	{.name = "confirm",
		.type = MG_UINT,
		.min = 0,
		.max = 3600,
		.meta = "SECONDS",
		.help = {"seconds of a trial, 0: none", "試行の秒数(0 は試行しない)"}},
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_setup_failed[] = {
	{.name = "where",
		.type = MG_STRING,
		.required = true,
		.max = 600,
		.meta = "TEXT",
		.help = {"where it was looked for", "文書を探した場所"}},
	{.name = "why",
		.type = MG_STRING,
		.required = true,
		.meta = "TEXT",
		.help = {"why it could not be read", "読み取れなかった理由"}},
	{0},
};

const struct mg_arg mg_a_setup_check[] = {
	{.name = "document",
		.type = MG_FILE,
		.required = true,
		.positional = true,
		.max = 256u << 10,
		.meta = "FILE",
		.help = {"set-up document (JSON)", "設定の文書 (JSON)"}},
	{0},
};
