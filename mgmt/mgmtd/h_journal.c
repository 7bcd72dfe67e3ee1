// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * system.log: what the daemons, the kernel and the service manager wrote into the journal, for who
 * has no other way to it: nobody is root on the image. Runs in a forked reader; sd-journal(3).
 */
#include <errno.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "lib/json.h"
#include "lib/utf8.h"
#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"

#define LINES 200                /* without --limit */
#define FIELD_MAX ((size_t)4096) /* bytes of a message that are shown */

/* Of syslog(3), by number; the worst four are one to a reader. */
static const char *const priorities[] = {
	"error", "error", "error", "error", "warning", "notice", "info", "debug"};

static void journal_closep(sd_journal **j)
{
	sd_journal_close(*j);
}

static int broken(int r, struct sk_err *err)
{
	return sk_err_set(err, r, NULL, "the journal cannot be read: %s",
		"ジャーナルを読み込めません: %s", strerror(-r));
}

/* What is no UTF-8, or ends a string of C, becomes U+FFFD. */
static json_t *text_of(const char *s, size_t len)
{
	struct sk_buf b;
	json_t *v;

	sk_buf_init(&b, 3 * FIELD_MAX);
	for (size_t n; len; s += n, len -= n) {
		uint32_t code = 0;

		n = sk_utf8_next(s, len, &code);
		if (n && code)
			sk_buf_put(&b, s, n);
		else
			sk_buf_puts(&b, "\xef\xbf\xbd");
		n = SK_MAX(n, (size_t)1);
	}
	v = json_string(sk_buf_str(&b));
	sk_buf_done(&b);
	return v;
}

static json_t *field(sd_journal *j, const char *name)
{
	const size_t skip = strlen(name) + 1;
	const void *data;
	size_t len;

	if (sd_journal_get_data(j, name, &data, &len) < 0 || len < skip)
		return NULL;
	return text_of((const char *)data + skip, SK_MIN(len - skip, FIELD_MAX));
}

/* ---- which ------------------------------------------------------------------------------------
 */
/* Is this field `name`, `name`.service, or an instance of it, which has numbers in its name? */
static bool is_named(sd_journal *j, const char *key, const char *name)
{
	const size_t skip = strlen(key) + 1, n = strlen(name);
	const void *data;
	const char *rest;
	size_t len;

	if (sd_journal_get_data(j, key, &data, &len) < 0 || len < skip + n ||
		memcmp((const char *)data + skip, name, n) != 0)
		return false;
	rest = (const char *)data + skip + n;
	len -= skip + n;
	return len == 0 || rest[0] == '@' || (len == 8 && !memcmp(rest, ".service", 8));
}

static bool by_manager(sd_journal *j)
{
	const void *data;
	size_t len;

	return sd_journal_get_data(j, "_PID", &data, &len) == 0 && len == 6 &&
		!memcmp(data, "_PID=1", 6);
}

/* Of a unit or program: what it says, and what the service manager says of it. Anybody may take a
 * program's name; origin() then still says whose words they are. */
static bool is_of(sd_journal *j, const char *unit)
{
	return is_named(j, "_SYSTEMD_UNIT", unit) || is_named(j, "SYSLOG_IDENTIFIER", unit) ||
		(by_manager(j) && is_named(j, "UNIT", unit));
}

static int select_priority(sd_journal *j, const char *least)
{
	char match[32];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < SK_ARRAY_SIZE(priorities); i++) {
		snprintf(match, sizeof(match), "PRIORITY=%zu", i);
		r = sd_journal_add_match(j, match, 0);
		if (!strcmp(priorities[i], least) &&
			(i + 1 == SK_ARRAY_SIZE(priorities) ||
				strcmp(priorities[i + 1], least) != 0))
			break;
	}
	return r;
}

/* ---- answer -----------------------------------------------------------------------------------
 */
/*
 * Whose words: the unit that speaks, or that the service manager (anybody may say "UNIT=", process
 * 1 means it) speaks of; else the program.
 */
static json_t *origin(sd_journal *j)
{
	static const char *const keys[] = {"_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_COMM"};
	json_t *v = by_manager(j) ? field(j, "UNIT") : NULL;

	for (size_t i = 0; !v && i < SK_ARRAY_SIZE(keys); i++)
		v = field(j, keys[i]);
	return v ? v : json_string("-");
}

static json_t *entry(sd_journal *j, uint64_t us)
{
	json_t *p = field(j, "PRIORITY"), *message = field(j, "MESSAGE");
	const char *s = p ? json_string_value(p) : "";
	const char *priority = s[0] >= '0' && s[0] <= '7' && !s[1] ? priorities[s[0] - '0'] : "-";
	json_t *row = json_pack("{s:I, s:o, s:s, s:o}", "time", (json_int_t)(us / 1000000), "unit",
		origin(j), "priority", priority, "message", message ? message : json_string(""));

	json_decref(p);
	return row;
}

/* The newest of the period, newest first; where the clock was set back later ones may come in
 * between. */
static int collect(
	sd_journal *j, const char *unit, const uint64_t period[2], size_t limit, json_t *rows)
{
	uint64_t us;
	int r = sd_journal_seek_realtime_usec(j, period[1]);

	while (r >= 0 && json_array_size(rows) < limit && (r = sd_journal_previous(j)) > 0) {
		r = sd_journal_get_realtime_usec(j, &us);
		if (r < 0 || us < period[0])
			break;
		if (us < period[1] && (!unit || is_of(j, unit)))
			r = json_array_append_new(rows, entry(j, us)) < 0 ? -ENOMEM : 0;
	}
	return r;
}

static int reply(struct mg_call *c, const json_t *rows)
{
	int r = 0;

	for (size_t i = json_array_size(rows); r == 0 && i > 0; i--)
		r = mg_reply_row(c, json_incref(json_array_get(rows, i - 1)));
	if (r == 0 && !json_array_size(rows))
		r = mg_reply_note(
			c, "nothing was written in this period", "該当する記録はありません");
	return r;
}

int mg_h_system_log(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(journal_closep) sd_journal *j = NULL;
	_cleanup_(sk_json_decrefp) json_t *rows = json_array();
	const char *unit = mg_arg_str(c, "unit"), *least = mg_arg_str(c, "priority");
	const size_t limit = mg_arg_has(c, "limit") ? (size_t)mg_arg_uint(c, "limit") : LINES;
	int64_t from, to;
	int r = mg_h_period(c, &from, &to, err);

	if (r < 0)
		return r;
	r = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
	if (r < 0)
		return broken(r, err);
	if (sd_journal_has_persistent_files(j) <= 0 && sd_journal_has_runtime_files(j) <= 0)
		return sk_err_set(err, -ENOENT, NULL,
			"there is no journal that the manager may read: it needs the group "
			"systemd-journal",
			"読み込めるジャーナルがありません (systemd-journal グループが必要です)");
	if (least)
		r = select_priority(j, least);
	if (r >= 0) {
		const uint64_t period[2] = {
			(uint64_t)SK_MAX(from, 0) * 1000000, (uint64_t)SK_MAX(to, 0) * 1000000};

		r = collect(j, unit, period, limit, rows);
	}
	return r < 0 ? broken(r, err) : reply(c, rows);
}
