/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The columns of a rule list, in the order in which they are written. Shared by reader and writer.
 */
#ifndef FW_CSV_COLUMNS_H
#define FW_CSV_COLUMNS_H

#include <stdbool.h>

#include "lib/err.h"

enum fw_column {
	FW_COL_NUMBER,
	FW_COL_KIND,
	FW_COL_STATE,
	FW_COL_APPLICANT,
	FW_COL_SOURCE,
	FW_COL_DESTINATION,
	FW_COL_DIRECTION,
	FW_COL_PROTOCOL,
	FW_COL_PORT,
	FW_COL_PURPOSE,
	FW_COL_REGISTERED,
	FW_COL_EXPIRY,
	FW_COL_NAT_TO,
	FW_COL_LOG,
	FW_COL_ORDER,
	FW_COL_PARTNER,
	FW_COL_TICKET,
	FW_COL_APPROVER,
	FW_COL_APPROVED_AT,
	FW_COL_LAST_REVIEWED,
	FW_COL_LAST_HIT,
	FW_COLS
};

const struct sk_text *fw_column_text(enum fw_column c);
/* The name in errors, as in rule_check.c: "source". */
const char *fw_column_field(enum fw_column c);
/* A list without it cannot be one of rules. */
bool fw_column_mandatory(enum fw_column c);
/* A heading in either language, already narrowed to ASCII and lower case; -ENOENT. */
int fw_column_parse(const char *heading, enum fw_column *ret);

#endif
