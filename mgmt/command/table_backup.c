// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments and columns of the backups' commands. */
#include "mgmt/command/table.h"

static const char from_en[] = "where it lies, such as a mounted stick (default: this gateway)";
static const char from_ja[] = "保管場所 (マウントした USB メモリなど。省略時は本装置)";
static const char name_en[] = "name from backup list, or an absolute path";
static const char name_ja[] = "backup list の名前、または絶対パス";
static const char key_en[] = "key file of backup key new";
static const char key_ja[] = "backup key new で出力した鍵ファイル";
static const char open_en[] = "file with the passphrase; -: ask for it, or read it from input";
static const char open_ja[] = "パスフレーズのファイル。- は入力を求める";

#define FILE_ARG(arg, bytes, en, ja)                                                               \
	{                                                                                          \
		.name = arg, .type = MG_FILE, .max = bytes, .meta = "FILE", .help = { en, ja }     \
	}
#define FROM                                                                                       \
	{                                                                                          \
		.name = "from", .type = MG_STRING, .max = 900, .meta = "FOLDER", .help = {         \
			from_en,                                                                   \
			from_ja                                                                    \
		}                                                                                  \
	}
#define BACKUP                                                                                     \
	{                                                                                          \
		.name = "name", .type = MG_STRING, .required = true, .positional = true,           \
		.max = 1000, .meta = "BACKUP", .help = {                                           \
			name_en,                                                                   \
			name_ja                                                                    \
		}                                                                                  \
	}
/* Which, where, and what opens it. */
#define OPENED                                                                                     \
	BACKUP, FROM, FILE_ARG("key", 8192, key_en, key_ja),                                       \
		FILE_ARG("passphrase", 4096, open_en, open_ja)

const struct mg_arg mg_a_backup_create[] = {
	{.name = "to",
		.type = MG_STRING,
		.max = 900,
		.meta = "FOLDER",
		.help = {"where to, such as a mounted stick (default: the setting backup.place)",
			"保存先 (マウントした USB メモリなど。省略時は設定 backup.place)"}},
	FILE_ARG("passphrase", 4096,
		"file with a passphrase that opens it, too; -: ask for it, or read it from input",
		"パスフレーズでも開けるようにする (そのファイル。- は入力を求める)"),
	{.name = "events",
		.type = MG_FLAG,
		.help = {"with the events of all days", "全期間の事象を含める"}},
	{.name = "lists",
		.type = MG_FLAG,
		.help = {"with the content of blocklists", "不正サイト一覧の中身を含める"}},
	{0},
};

const struct mg_arg mg_a_backup_list[] = {FROM, {0}};
const struct mg_arg mg_a_backup_open[] = {OPENED, {0}};
const struct mg_arg mg_a_backup_restore[] = {
	OPENED,
	{.name = "yes",
		.type = MG_FLAG,
		.help = {"yes, replace what is here", "現在の状態を置き換えることを確認する"}},
	{0},
};

const struct mg_arg mg_a_backup_restored[] = {
	{.name = "result",
		.type = MG_STRING,
		.required = true,
		.max = 65536,
		.meta = "JSON",
		.help = {"what became of it", "結果"}},
	{0},
};

const struct mg_arg mg_a_backup_key_new[] = {
	{.name = "output",
		.type = MG_OUTPUT,
		.required = true,
		.once = true,
		.meta = "FILE",
		.help = {"new file for the key, which must not stay on this gateway",
			"鍵を書き出す新しいファイル (本装置に残さないこと)"}},
	{0},
};

const struct mg_arg mg_a_backup_key_set[] = {
	{.name = "key",
		.type = MG_FILE,
		.required = true,
		.positional = true,
		.max = 8192,
		.meta = "FILE",
		.help = {"key file, secret or public", "鍵ファイル (秘密鍵または公開鍵)"}},
	{0},
};

const struct mg_column mg_c_backup[] = {
	{.key = "name", .title = {"Name", "名前"}, .code = true},
	{.key = "created", .title = {"Made", "作成日時"}, .is_time = true},
	{.key = "bytes", .title = {"Bytes", "バイト数"}, .right = true},
	{.key = "version", .title = {"Version", "バージョン"}},
	{.key = "site", .title = {"Site", "拠点"}, .wide = true},
	{.key = "locks", .title = {"Opens with", "開けるもの"}},
	{.key = "error", .title = {"Error", "エラー"}, .sparse = true},
	{0},
};
