// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments and columns of the files of secrets. */
#include "mgmt/command/table.h"

static const char *const kinds[] = {"notify", "feeds", "radius", "radius.users", NULL};

const struct mg_arg mg_a_secret_set[] = {
	{.name = "secret",
		.type = MG_CHOICE,
		.required = true,
		.positional = true,
		.choices = kinds,
		.help = {"mail and webhook, API keys of blocklists, managed switches, or people "
			 "who use "
			 "802.1X with a password",
			"メールと Webhook、不正サイト一覧の API キー、管理対象スイッチ、802.1X "
			"をパスワードで使う利用者のいずれか"},
		.meta = "KIND"},
	{.name = "file",
		.type = MG_FILE,
		.required = true,
		.positional = true,
		.max = 512u << 10,
		.meta = "FILE",
		.help = {"file with the new content; - asks at the terminal, or reads standard "
			 "input",
			"新しい内容のファイル。- は端末で入力を求める(端末でなければ標準入力)"}},
	{.name = "add",
		.type = MG_FLAG,
		.help = {"keep what is there under other names", "ほかの名前の内容を残す"}},
	{0},
};

const struct mg_arg mg_a_secret_remove[] = {
	{.name = "secret",
		.type = MG_CHOICE,
		.required = true,
		.positional = true,
		.choices = kinds,
		.help = {"of which kind", "種類"},
		.meta = "KIND"},
	{.name = "names",
		.type = MG_STRING,
		.required = true,
		.positional = true,
		.list = true,
		.max = 253,
		.meta = "NAME",
		.help = {"as the list shows them", "一覧に表示される名前"}},
	{0},
};

const struct mg_column mg_c_secret[] = {
	{.key = "secret", .title = {"Secrets", "種類"}, .code = true},
	{.key = "since", .title = {"Since", "更新日時"}, .is_time = true},
	{.key = "names", .title = {"Names", "名前"}, .code = true},
	{.key = "file", .title = {"File", "ファイル"}, .wide = true, .code = true},
	{.key = "error", .title = {"Error", "エラー"}, .sparse = true},
	{0},
};
