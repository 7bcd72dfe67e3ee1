// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line: what words become which call, and what answers look like. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/file.h"
#include "lib/util.h"
#include "mgmt/cli/cli.h"

#define WORDS_MAX 24

/* Parse words separated by '|'. */
static int parse(const char *line, struct cli_opts *o, struct cli_call *c, struct sk_err *err)
{
	static char text[512];
	char *argv[WORDS_MAX + 1] = {(char *)"sekisho"};
	int argc = 1;

	memset(err, 0, sizeof(*err));
	snprintf(text, sizeof(text), "%s", line);
	for (char *p = text; *p && argc < WORDS_MAX;) {
		size_t n = strcspn(p, "|");

		argv[argc++] = p;
		p += n;
		if (*p)
			*p++ = '\0';
	}
	return cli_parse(argc, argv, o, c, err);
}

static void parses(const char *line, const char *op, const char *args)
{
	struct cli_opts o = {.lang = SK_EN};
	struct cli_call c = {0};
	struct sk_err err;
	char *got;

	if (parse(line, &o, &c, &err) < 0)
		fail_msg("%s: %s: %s", line, err.path, err.en);
	assert_non_null(c.cmd);
	assert_string_equal(c.cmd->op, op);
	got = json_dumps(c.args, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(got, args);
	free(got);
	cli_call_done(&c);
}

static void refuses(const char *line, const char *path, const char *says)
{
	struct cli_opts o = {.lang = SK_EN};
	struct cli_call c = {0};
	struct sk_err err;

	assert_int_equal(parse(line, &o, &c, &err), -EINVAL);
	assert_string_equal(err.path, path);
	if (!strstr(err.en, says))
		fail_msg("\"%s\" does not say \"%s\"", err.en, says);
	assert_true(err.ja[0]);
}

static void words_become_calls(void **state)
{
	parses("status", "status", "{}");
	parses("rule|show|1042", "rule.show", "{\"number\":1042}");
	parses("rule|show|1042|--revision=3", "rule.show", "{\"number\":1042,\"revision\":3}");
	parses("rule|approve|1001|1002|--comment|checked", "rule.approve",
		"{\"comment\":\"checked\",\"numbers\":[1001,1002]}");
	parses("rule|request|--nat-to|masquerade|--draft|--port|-", "rule.request",
		"{\"draft\":true,\"nat_to\":\"masquerade\",\"port\":\"-\"}");
	parses("--json|apply|--confirm|0", "apply", "{\"confirm\":0}");
	parses("setting|set|site.name|--|--x", "setting.set",
		"{\"key\":\"site.name\",\"value\":\"--x\"}");
	parses("explain|192.0.2.1|2001:db8::1|icmp", "explain",
		"{\"dst\":\"2001:db8::1\",\"proto\":\"icmp\",\"src\":\"192.0.2.1\"}");
	parses("help|rule|request", "help", "{\"command\":[\"rule\",\"request\"]}");
}

static void usage_errors(void **state)
{
	refuses("rule|lst", "", "did you mean \"rule list\"");
	refuses("rul", "", "did you mean \"rule\"");
	refuses("rule.list", "", "no command");
	refuses("stauts", "", "did you mean \"status\"");
	refuses("xyzzy", "", "sekisho help");
	refuses("rule|show", "N", "is required");
	refuses("rule|show|x", "N", "not a number");
	refuses("rule|show|-1", "", "unknown option");
	refuses("rule|show|1|2", "", "too many");
	refuses("rule|list|--statte|x", "", "did you mean --state");
	refuses("rule|list|--state|x", "--state", "one of draft");
	refuses("rule|list|--state", "--state", "needs a value");
	refuses("rule|return|1001|--reason|--json", "--reason", "needs a value");
	refuses("rule|list|--all=1", "--all", "takes no value");
	refuses("rule|show|1|--revision|1|--revision|2", "--revision", "twice");
	refuses("apply|--confirm|3601", "--confirm", "between 0 and 3600");
	refuses("status|--lang|de", "--lang", "ja or en");
	refuses("rule|list|--text|\xff\xfe", "--text", "UTF-8");
}

static void global_options(void **state)
{
	struct cli_opts o = {.lang = SK_EN};
	struct cli_call c = {0};
	struct sk_err err;

	assert_int_equal(parse("--csv|rule|list|--lang|ja|--wide|--socket=/x", &o, &c, &err), 0);
	assert_int_equal(o.format, CLI_CSV);
	assert_int_equal(o.lang, SK_JA);
	assert_true(o.wide);
	assert_string_equal(o.socket, "/x");
	cli_call_done(&c);
	/* Help is never refused for what is missing. */
	o.help = false;
	assert_int_equal(parse("rule|show|-h", &o, &c, &err), 0);
	assert_true(o.help);
	cli_call_done(&c);
	assert_int_equal(parse("rule", &o, &c, &err), 0);
	assert_null(c.cmd);
	assert_non_null(c.group);
	cli_call_done(&c);
}

/* A command with others below it. */
static void longer_commands(void **state)
{
	struct cli_opts o = {.lang = SK_EN};
	struct cli_call c = {0};
	struct sk_err err;

	assert_int_equal(parse("setup|confirm", &o, &c, &err), 0);
	assert_string_equal(c.cmd->op, "setup.confirm");
	cli_call_done(&c);
	assert_int_equal(parse("setup|--confirm|5", &o, &c, &err), 0);
	assert_string_equal(c.cmd->op, "setup");
	cli_call_done(&c);
	refuses("setup|apply", "", "too many");
	refuses("setup|--show|confirm", "", "too many");
}

static void distances(void **state)
{
	assert_int_equal(cli_distance("", ""), 0);
	assert_int_equal(cli_distance("rule", "rule"), 0);
	assert_int_equal(cli_distance("rul", "rule"), 1);
	assert_int_equal(cli_distance("kitten", "sitting"), 3);
	assert_int_equal(cli_distance("", "abc"), 3);
}

/* Everything one answer prints. */
static char *shown(const char *op, enum cli_format format, size_t columns, enum sk_lang lang,
	const char *const *bodies)
{
	struct cli_opts o = {.format = format, .lang = lang};
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct cli_out *out = cli_out_new(f, f, &o, mg_command_find(op), columns);

	assert_non_null(out);
	for (; *bodies; bodies++) {
		json_t *v = json_loads(*bodies, 0, NULL);

		assert_non_null(v);
		assert_int_equal(cli_out_data(out, v), 0);
		json_decref(v);
	}
	assert_int_equal(cli_out_end(out, false), 0);
	cli_out_free(out);
	fclose(f);
	return text;
}

static void expect(const char *op, enum cli_format format, enum sk_lang lang,
	const char *const *bodies, const char *want)
{
	char *got = shown(op, format, 0, lang, bodies);

	assert_string_equal(got, want);
	free(got);
}

/* A list for a spreadsheet arrives in a file as it was sent, and on a terminal without its marks.
 */
static void exports(void **state)
{
	static const char *const list[] = {
		"{\"text\":\"\\ufeffNo.,State\\r\\n1001,\"}", "{\"text\":\"active\\r\\n\"}", NULL};
	static const char *const none[] = {"{\"note\":\"none\"}", NULL};
	char *got;

	expect("rule.export", CLI_TABLE, SK_JA, list, "\xef\xbb\xbfNo.,State\r\n1001,active\r\n");
	expect("rule.export", CLI_CSV, SK_JA, list, "\xef\xbb\xbfNo.,State\r\n1001,active\r\n");
	got = shown("rule.export", CLI_TABLE, 80, SK_JA, list);
	assert_string_equal(got, "No.,State\n1001,active\n");
	free(got);
	/* An empty list is a list. */
	expect("report.blocked", CLI_JSON, SK_EN, none, "none\n[]\n");
}

static bool says(const char *path, const char *want)
{
	struct sk_buf b;
	bool same;

	sk_buf_init(&b, 4096);
	same = sk_file_read(path, &b, NULL) == 0 && !strcmp(sk_buf_str(&b), want);
	sk_buf_done(&b);
	return same;
}

/* What is given away once: a new file for its owner alone, or nothing. What is not may go anywhere.
 */
static void files(void **state)
{
	char dir[] = "/tmp/sk-cli-XXXXXX", path[64], other[64];
	struct cli_call c = {.output = path, .once = true};
	struct sk_err err = {0};
	struct cli_file f;
	struct stat st;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/key", dir);
	snprintf(other, sizeof(other), "%s/none/key", dir);
	assert_int_equal(cli_file_open(&c, &f, &err), 0);
	cli_file_done(&f);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(cli_file_open(&c, &f, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(cli_file_take(&f, "secret", 6), 0);
	assert_int_equal(cli_file_take(&f, "another", 7), -EIO);
	cli_file_done(&f);
	assert_true(says(path, "secret"));
	assert_int_equal(cli_file_open(&c, &f, &err), -EEXIST);
	assert_string_equal(err.path, path);
	cli_file_done(&f);
	assert_true(says(path, "secret"));
	c.output = other;
	assert_int_equal(cli_file_open(&c, &f, &err), -ENOENT);
	assert_string_equal(err.path, other);
	c.output = "-";
	assert_int_equal(cli_file_open(&c, &f, &err), -EINVAL);
	c = (struct cli_call){.output = path};
	assert_int_equal(cli_file_open(&c, &f, &err), 0);
	assert_int_equal(cli_file_take(&f, "packets", 7), 0);
	cli_file_done(&f);
	assert_true(says(path, "packets"));
	c.output = "/dev/full";
	assert_int_equal(cli_file_open(&c, &f, &err), 0);
	assert_int_equal(cli_file_take(&f, "packets", 7), -EIO);
	assert_non_null(strstr(f.why.en, "/dev/full"));
	cli_file_done(&f);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* Keys and certificates cannot be had again; packets can. */
static void once(void **state)
{
	struct cli_opts o = {.lang = SK_EN};
	struct cli_call c = {0};
	struct sk_err err;

	assert_int_equal(parse("backup|key|new|--output|k", &o, &c, &err), 0);
	assert_true(c.once);
	cli_call_done(&c);
	assert_int_equal(parse("device|certificate|issue|1001|--output|k", &o, &c, &err), 0);
	assert_true(c.once);
	cli_call_done(&c);
	assert_int_equal(parse("device|certificate|renew|1001|--output|k", &o, &c, &err), 0);
	assert_true(c.once);
	cli_call_done(&c);
	assert_int_equal(parse("alert|show|1-2|--pcap|k", &o, &c, &err), 0);
	assert_false(c.once);
	cli_call_done(&c);
}

static void dates_and_codes(void **state)
{
	static const char *const rows[] = {
		"{\"rows\":[{\"day\":\"2026-11-23\",\"reason\":\"no_rule\",\"count\":2}]}", NULL};

	expect("report.blocked", CLI_CSV, SK_EN, rows,
		"\xef\xbb\xbf"
		"Day,Reason code,Count\r\n2026/11/23,no_rule,2\r\n");
	expect("report.blocked", CLI_TABLE, SK_JA, rows, "日          件数\n2026/11/23     2\n");
}

static const char *const zones[] = {
	"{\"rows\":[{\"name\":\"lan\",\"label\":\"社内\",\"kind\":\"inside\",\"ping\":true}]}",
	"{\"rows\":[{\"name\":\"wan\",\"label\":\"net\",\"kind\":\"outside\",\"extra\":1}]}", NULL};

static void tables(void **state)
{
	static const char *const none[] = {NULL};

	expect("zone.list", CLI_TABLE, SK_EN, zones,
		"Name  Label  Kind     Ping\n"
		"lan   社内   inside   yes\n"
		"wan   net    outside  \n");
	expect("zone.list", CLI_TABLE, SK_JA, zones,
		"名前  表示名  種別  ping 応答\n"
		"lan   社内    社内  はい\n"
		"wan   net     外部  \n");
	expect("zone.list", CLI_TABLE, SK_EN, none, "nothing found\n");
}

static void tables_fit_the_terminal(void **state)
{
	static const char *const rows[] = {"{\"rows\":[{\"name\":\"lan\",\"label\":"
					   "\"とても長い日本語の表示名がここに入ります\"}]}",
		NULL};
	char *got;

	for (size_t width = 14; width < 60; width++) {
		got = shown("zone.list", CLI_TABLE, width, SK_JA, rows);
		for (char *line = got, *end; *line; line = end + 1) {
			end = strchr(line, '\n');
			assert_non_null(end);
			*end = '\0';
			assert_true(sk_width(line) <= width);
		}
		free(got);
	}
	got = shown("zone.list", CLI_TABLE, 20, SK_EN, rows);
	assert_string_equal(got, "Name  Label\nlan   とても長い日…\n");
	free(got);
}

static void cutting_is_by_columns(void **state)
{
	struct sk_buf b;

	sk_buf_init(&b, 100);
	assert_int_equal(cli_put_cut(&b, "関所", 4), 4);
	assert_int_equal(cli_put_cut(&b, "|", 4), 1);
	assert_int_equal(cli_put_cut(&b, "関所番", 5), 5);
	assert_int_equal(cli_put_cut(&b, "|", 4), 1);
	/* A wide character that would stand half in, half out is left away. */
	assert_int_equal(cli_put_cut(&b, "関所番", 4), 3);
	assert_int_equal(cli_put_cut(&b, "x", 0), 0);
	assert_string_equal(sk_buf_str(&b), "関所|関所…|関…");
	sk_buf_done(&b);
}

static void csv(void **state)
{
	static const char *const rows[] = {
		"{\"rows\":[{\"key\":\"a\",\"value\":\"=1+1\",\"help\":\"x,\\\"y\\\"\"},"
		"{\"key\":\"-5\",\"value\":\"@cmd\",\"default\":\"-a\",\"help\":\"l1\\nl2\"}]}",
		NULL};
	static const char *const none[] = {NULL};

	expect("setting.list", CLI_CSV, SK_EN, rows,
		"\xef\xbb\xbfSetting,Value,Default,Meaning,Change\r\n"
		"a,\"'=1+1\",,\"x,\"\"y\"\"\",\r\n"
		"-5,\"'@cmd\",\"'-a\",l1 l2,\r\n");
	expect("setting.list", CLI_CSV, SK_JA, none,
		"\xef\xbb\xbf設定項目,値,初期値,意味,変更番号\r\n");
}

static void json_is_one_document(void **state)
{
	static const char *const none[] = {NULL};
	static const char *const record[] = {
		"{\"record\":{\"number\":1001}}", "{\"note\":\"saved\"}", NULL};
	static const char *const notes[] = {"{\"note\":\"a\"}", "{\"note\":\"b\"}", NULL};
	static const char *const text[] = {"{\"text\":\"x\"}", "{\"text\":\"y\"}", NULL};

	expect("zone.list", CLI_JSON, SK_EN, zones,
		"[\n{\"name\":\"lan\",\"label\":\"社内\",\"kind\":\"inside\",\"ping\":true},\n"
		"{\"name\":\"wan\",\"label\":\"net\",\"kind\":\"outside\",\"extra\":1}\n]\n");
	expect("zone.list", CLI_JSON, SK_EN, none, "[]\n");
	expect("confirm", CLI_JSON, SK_EN, none, "{}\n");
	/* Notes are for people: here they go to the notes' stream, which the test shares. */
	expect("rule.request", CLI_JSON, SK_EN, record, "saved\n{\n  \"number\": 1001\n}\n");
	expect("confirm", CLI_JSON, SK_EN, notes,
		"a\nb\n{\n  \"notes\": [\n    \"a\",\n    \"b\"\n  ]\n}\n");
	expect("policy.show", CLI_JSON, SK_EN, text, "{\n  \"text\": \"xy\"\n}\n");
}

static void outsiders_text_is_harmless(void **state)
{
	static const char *const rows[] = {
		"{\"rows\":[{\"name\":\"a\\u001b[2J\",\"label\":\"b\\nc\"}]}", NULL};
	static const char *const text[] = {"{\"text\":\"a\\u001b]0;x\\u0007\\n\"}", NULL};
	static const char *const event[] = {
		"{\"event\":{\"event_type\":\"drop\",\"src_ip\":\"\\u001b[31m\",\"src_port\":1,"
		"\"sekisho\":{\"reason\":\"no_rule\",\"rule\":13}}}",
		NULL};

	expect("zone.list", CLI_TABLE, SK_EN, rows, "Name      Label\na\\x1b[2J  b c\n");
	expect("policy.show", CLI_TABLE, SK_EN, text, "a\\x1b]0;x\\x07\n");
	expect("events.follow", CLI_TABLE, SK_EN, event,
		" drop \\x1b[31m:1  no rule allows it  13\n");
}

static void records(void **state)
{
	static const char *const rule[] = {
		"{\"record\":{\"applicant\":\"tanaka\",\"expiry\":1743433199,\"number\":1042,"
		"\"risk\":[\"any-source\",\"any-port\"],\"roles\":\"requester,admin\",\"state\":"
		"\"active\",\"ticket\":\"\","
		"\"approved_at\":0}}",
		NULL};

	expect("rule.show", CLI_TABLE, SK_JA, rule,
		"番号:     1042\n"
		"状態:     有効\n"
		"申請者:   tanaka\n"
		"有効期限: 2025/03/31\n"
		"注意点:   接続元が無制限, ポートが無制限\n"
		"役割:     申請者, 管理者\n");
}

static void what_is_generated(void **state)
{
	struct sk_buf b;
	char words[64];

	sk_buf_init(&b, 4u << 20);
	cli_completion(&b);
	for (const struct mg_command *c = mg_commands; c->op; c++) {
		const char *dot = strrchr(c->op, '.');

		if (!(c->flags & MG_F_HIDDEN))
			assert_non_null(strstr(sk_buf_str(&b), dot ? dot + 1 : c->op));
	}
	/* Commands of three words are completed word by word. */
	assert_non_null(
		strstr(sk_buf_str(&b), "'ips') words='exception profile rules status trial'"));
	assert_non_null(
		strstr(sk_buf_str(&b), "'ips rules') words='import list refused restore show'"));
	sk_buf_reset(&b);
	cli_man(&b);
	for (const struct mg_command *c = mg_commands; c->op; c++) {
		char item[80];

		snprintf(item, sizeof(item), ".It Ic \"%s\"\n",
			cli_words(c->op, words, sizeof(words)));
		assert_int_equal(strstr(sk_buf_str(&b), item) != NULL, !(c->flags & MG_F_HIDDEN));
	}
	sk_buf_reset(&b);
	for (const struct mg_command *c = mg_commands; c->op; c++) {
		cli_help_command(&b, c, SK_EN);
		cli_help_command(&b, c, SK_JA);
	}
	assert_int_equal(sk_buf_error(&b), 0);
	sk_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_become_calls),
		cmocka_unit_test(usage_errors),
		cmocka_unit_test(global_options),
		cmocka_unit_test(longer_commands),
		cmocka_unit_test(distances),
		cmocka_unit_test(exports),
		cmocka_unit_test(files),
		cmocka_unit_test(once),
		cmocka_unit_test(dates_and_codes),
		cmocka_unit_test(tables),
		cmocka_unit_test(tables_fit_the_terminal),
		cmocka_unit_test(cutting_is_by_columns),
		cmocka_unit_test(csv),
		cmocka_unit_test(json_is_one_document),
		cmocka_unit_test(outsiders_text_is_harmless),
		cmocka_unit_test(records),
		cmocka_unit_test(what_is_generated),
	};

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
