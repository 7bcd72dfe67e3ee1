/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Column names of rule lists: the guideline's words first, then those that lists in use have. */
#include "fw/registry/csv_columns.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

static const struct {
	struct sk_text text; /* the English name is the field's name in errors, too */
	bool mandatory;
	const char *aliases[5];
} columns[FW_COLS] = {
	[FW_COL_NUMBER] = {{"number", "番号"}, false,
		{"ルール番号", "no.", "no", "id", "管理番号"}},
	[FW_COL_KIND] = {{"kind", "種別"}, false, {"動作", "action"}},
	[FW_COL_STATE] = {{"state", "状態"}, false, {0}},
	[FW_COL_APPLICANT] = {{"applicant", "申請者"}, true, {"申請者名"}},
	[FW_COL_SOURCE] = {{"source", "接続元"}, true,
		{"送信元", "接続元ipアドレス", "送信元ipアドレス", "接続元 ip アドレス"}},
	[FW_COL_DESTINATION] = {{"destination", "接続先"}, true,
		{"送信先", "宛先", "接続先ipアドレス", "送信先ipアドレス", "接続先 ip アドレス"}},
	[FW_COL_DIRECTION] = {{"direction", "通信方向"}, true, {"方向"}},
	[FW_COL_PROTOCOL] = {{"protocol", "プロトコル"}, true, {0}},
	[FW_COL_PORT] = {{"port", "ポート番号"}, true, {"ポート", "宛先ポート"}},
	[FW_COL_PURPOSE] = {{"purpose", "利用用途"}, true, {"用途", "利用目的"}},
	[FW_COL_REGISTERED] = {{"registered", "登録日"}, true, {"申請日"}},
	[FW_COL_EXPIRY] = {{"expiry", "有効期限"}, true, {"期限"}},
	[FW_COL_NAT_TO] = {{"nat_to", "変換先"}, false, {"転送先"}},
	[FW_COL_LOG] = {{"log", "ログ"}, false, {"記録"}},
	[FW_COL_ORDER] = {{"order", "優先順"}, false, {"優先順位", "順序"}},
	[FW_COL_PARTNER] = {{"partner", "取引先"}, false, {"関係組織"}},
	[FW_COL_TICKET] = {{"ticket", "チケット"}, false, {"申請番号"}},
	[FW_COL_APPROVER] = {{"approver", "承認者"}, false, {0}},
	[FW_COL_APPROVED_AT] = {{"approved_at", "承認日"}, false, {"承認日時"}},
	[FW_COL_LAST_REVIEWED] = {{"last_reviewed", "最終棚卸日"}, false, {"最終棚卸し日"}},
	[FW_COL_LAST_HIT] = {{"last_hit", "最終利用日"}, false, {"最終利用日時"}},
};

const struct sk_text *fw_column_text(enum fw_column c)
{
	return &columns[c].text;
}

const char *fw_column_field(enum fw_column c)
{
	return columns[c].text.en;
}

bool fw_column_mandatory(enum fw_column c)
{
	return columns[c].mandatory;
}

int fw_column_parse(const char *heading, enum fw_column *ret)
{
	for (unsigned c = 0; c < FW_COLS; c++) {
		bool hit = strcmp(heading, columns[c].text.en) == 0 ||
			strcmp(heading, columns[c].text.ja) == 0;

		for (size_t i = 0; !hit && i < SK_ARRAY_SIZE(columns[c].aliases); i++)
			hit = columns[c].aliases[i] && strcmp(heading, columns[c].aliases[i]) == 0;
		if (hit) {
			*ret = (enum fw_column)c;
			return 0;
		}
	}
	return -ENOENT;
}
