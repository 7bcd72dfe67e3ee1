/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule lists as CSV (RFC 4180), the way Excel writes them: UTF-8 with or without BOM, or CP932
 * (Shift_JIS) from a Japanese Excel; comma, semicolon or tab; Japanese or English column names.
 * Pure: bytes in, records and located errors out.
 */
#ifndef FW_CSV_H
#define FW_CSV_H

#include <stddef.h>

#include "lib/buf.h"
#include "fw/registry/rule.h"

#define FW_CSV_ROWS_MAX 20000
#define FW_CSV_CELL_MAX 8192

/* The table as text cells. */
struct fw_csv {
	char ***rows; /* rows[r][c], UTF-8; every row has cols cells */
	size_t n, cols;
	size_t *lines;       /* first line number of each row in the file, from 1 */
	char **cells, *text; /* the memory behind rows */
};

int fw_csv_parse(const void *p, size_t n, struct fw_csv *ret, struct sk_err *err);
void fw_csv_done(struct fw_csv *c);

struct fw_csv_error {
	size_t line; /* in the file, from 1 */
	struct sk_err err;
};

struct fw_csv_rules {
	struct fw_rule *rules; /* number 0 where the column is empty: a new record */
	size_t *lines;
	size_t n;
	struct fw_csv_error *errors;
	size_t n_errors, errors_cut; /* at most 1,000 kept */
};

/*
 * Read a rule list. 0 even if lines are faulty: look at ret->n_errors. -EINVAL if it is no table or
 * a mandatory column is missing. Rules are not validated beyond their syntax (fw_rule_validate
 * does). The columns state, approver, approved_at, last_reviewed and last_hit are accepted and
 * ignored: the gateway sets them. Without a kind column all rules are of kind allow; an empty cell
 * in it is a fault. Full-width digits, commas and blanks become ASCII in addresses, ports,
 * protocol, numbers and dates.
 */
int fw_csv_read_rules(const void *p, size_t n, struct fw_csv_rules *ret, struct sk_err *err);
void fw_csv_rules_done(struct fw_csv_rules *r);

/*
 * One cell, quoted where needed; cells that a spreadsheet would run as a formula (= + - @ TAB CR,
 * but not a lone "-") or that begin with "'" get a leading "'", which reading takes away.
 */
void fw_csv_put_cell(struct sk_buf *b, const char *s, int first);
/* Header (in lang) and one row, CRLF line ends. The caller writes the BOM. */
void fw_csv_put_header(struct sk_buf *b, enum sk_lang lang);
void fw_csv_put_rule(struct sk_buf *b, const struct fw_rule *r, enum sk_lang lang);

#endif
