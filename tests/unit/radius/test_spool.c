// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of the server, following its files, and the sessions they tell of. */
#include "tests/unit/lib/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/radius/sessions.h"
#include "mgmt/radius/spool.h"

#define ACCEPT                                                                                     \
	"1|1796040677|accept|10.0.0.1|10.0.0.1|737731|3|4769312f302f33|"                           \
	"30302d31412d32422d33432d34442d3545|303031612e326233632e34643565|6d6163||"                 \
	"6f6b3b373b333630303b3230||||||||||"
#define STOP                                                                                       \
	"1|1796040690|stop|10.0.0.1|||3||30302d31412d32422d33432d34442d3545|617c620ae697a5||||"    \
	"7878|10.1.2.3||5|77|1|8||User-Request|"
#define UPDATE                                                                                     \
	"1|1796040680|update|10.0.0.1|||||30302d31412d32422d33432d34442d3545|||||7878|||||||||"

static struct mg_radius_record parse(const char *s)
{
	struct mg_radius_record r;
	struct sk_err err = {0};

	if (mg_radius_record_parse(s, strlen(s), &r, &err) < 0)
		fail_msg("%s", err.en);
	return r;
}

static void test_record(void **state)
{
	struct mg_radius_record r = parse(ACCEPT);
	json_t *e = mg_radius_record_event(&r, "floor-1", "printer"), *s;

	s = json_object_get(e, "sekisho");
	assert_int_equal(json_integer_value(json_object_get(e, "ts")), 1796040677000000);
	assert_string_equal(json_string_value(json_object_get(s, "action")), "radius_accept");
	assert_string_equal(json_string_value(json_object_get(s, "port")), "Gi1/0/3");
	assert_string_equal(json_string_value(json_object_get(s, "mac")), "00:1a:2b:3c:4d:5e");
	assert_string_equal(json_string_value(json_object_get(s, "vlan")), "20");
	assert_int_equal(json_integer_value(json_object_get(s, "device")), 7);
	json_decref(e);
	r = parse(STOP);
	e = mg_radius_record_event(&r, "", "");
	s = json_object_get(e, "sekisho");
	/* What others wrote cannot break a line or a terminal. */
	assert_string_equal(json_string_value(json_object_get(s, "user")), "a|b\\x0a日");
	assert_int_equal(json_integer_value(json_object_get(s, "bytes_in")), (1LL << 32) + 77);
	assert_int_equal(json_integer_value(json_object_get(s, "bytes_out")), 8);
	assert_string_equal(json_string_value(json_object_get(s, "why")), "User-Request");
	json_decref(e);
}

static void test_bad_record(void **state)
{
	static const char *const bad[] = {"", "|", "1|", ACCEPT "|", "2" UPDATE,
		"1|x|update|10.0.0.1|||||3030|||||7878|||||||||",
		"1|1|uptime|10.0.0.1|||||3030|||||7878|||||||||",
		"1|1|update||||||3030|||||7878|||||||||",
		"1|1|update|10.0.0.1 x|||||3030|||||7878|||||||||",
		"1|1|update|10.0.0.1|||||303|||||7878|||||||||",
		"1|1|update|10.0.0.1|||||303G|||||7878|||||||||",
		"1|1|accept|10.0.0.1|||||3030||||6f6b|7878|||||||||",
		"1|1|update|10.0.0.1|||99999999999||3030|||||7878|||||||||",
		"1|1|update|10.0.0.1|||||3030|||||7878||||||||a\x1b|"};
	struct mg_radius_record r;

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		struct sk_err err = {0};

		assert_int_equal(
			mg_radius_record_parse(bad[i], strlen(bad[i]), &r, &err), -EBADMSG);
		assert_true(err.en[0]);
	}
}

/* ---- files ------------------------------------------------------------------------------------
 */
struct fixture {
	char dir[64];
	struct mg_radius_spool *s;
	uint64_t done, seq; /* as the store has it; of the last end */
	unsigned records, fresh;
	int refuse;
};

static uint64_t stored(const char *instance, void *arg)
{
	return ((struct fixture *)arg)->done;
}

static void on_record(const struct mg_radius_record *r, bool is_stored, void *arg)
{
	struct fixture *f = arg;

	f->records++;
	f->fresh += !is_stored && mg_radius_record_tells(r);
}

static int on_end(const char *instance, uint64_t seq, void *arg)
{
	struct fixture *f = arg;

	if (f->refuse)
		return f->refuse;
	f->seq = seq;
	f->done = SK_MAX(f->done, seq);
	return 0;
}

static void reopen(struct fixture *f)
{
	static const struct mg_radius_spool_ops ops = {stored, on_record, on_end};

	mg_radius_spool_close(f->s);
	assert_int_equal(mg_radius_spool_open(&f->s, f->dir, &ops, f, NULL), 0);
	f->records = f->fresh = 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/spool-XXXXXX");
	if (!mkdtemp(f->dir)) {
		free(f);
		return -1;
	}
	*state = f;
	reopen(f);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[128];

	mg_radius_spool_close(f->s);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", f->dir);
	return system(cmd) == 0 ? (free(f), 0) : -1;
}

static char *path_of(const struct fixture *f, const char *name, char *dst)
{
	snprintf(dst, 128, "%s/%s", f->dir, name);
	return dst;
}

static void append(const struct fixture *f, const char *name, const char *text)
{
	char path[128];
	FILE *o = fopen(path_of(f, name, path), "a");

	assert_non_null(o);
	fputs(text, o);
	fclose(o);
}

#define NOW 1796040800 /* 2026-11-30 12:13 UTC */
#define HOUR "radius-2026113012"

static void test_follow(void **state)
{
	struct fixture *f = *state;
	struct mg_radius_spool_stat st;
	char path[128], *big;

	append(f, HOUR, ACCEPT "\n" UPDATE "\n" STOP);
	assert_int_equal(mg_radius_spool_read(f->s, NOW, 9, NULL), 0);
	assert_int_equal(f->records, 2); /* the last line is not whole */
	assert_int_equal(f->seq, 1);
	append(f, HOUR, "\nrubbish\n" ACCEPT "\n");
	assert_int_equal(mg_radius_spool_read(f->s, NOW, 9, NULL), 0);
	assert_int_equal(f->seq, 3);
	/* Could not be stored: again later, the same. */
	f->refuse = -ENOSPC;
	append(f, HOUR, STOP "\n");
	assert_int_equal(mg_radius_spool_read(f->s, NOW, 9, NULL), -ENOSPC);
	f->refuse = 0;
	assert_int_equal(mg_radius_spool_read(f->s, NOW, 9, NULL), 0);
	assert_int_equal(f->seq, 4);
	/* A line without end is left out, what follows is not. */
	big = malloc(20001);
	memset(big, 'x', 20000);
	big[20000] = '\0';
	append(f, HOUR, big);
	assert_int_equal(mg_radius_spool_read(f->s, NOW, 9, NULL), 0);
	append(f, HOUR, big);
	append(f, HOUR, "\n" ACCEPT "\n");
	free(big);
	assert_int_equal(mg_radius_spool_read(f->s, NOW, 9, NULL), 0);
	assert_int_equal(f->seq, 5);
	mg_radius_spool_stat(f->s, &st);
	assert_int_equal(st.strange, 2);
	/* After a restart nothing is told twice. */
	reopen(f);
	assert_int_equal(mg_radius_spool_read(f->s, NOW, 9, NULL), 0);
	assert_int_equal(f->records, 6);
	assert_int_equal(f->fresh, 0);
	/* Read, and its hour over: gone; not before. */
	assert_int_equal(access(path_of(f, HOUR, path), F_OK), 0);
	assert_int_equal(mg_radius_spool_read(f->s, NOW + 3600, 9, NULL), 0);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_strange_files(void **state)
{
	struct fixture *f = *state;
	char path[128], target[128];

	append(f, "secret", ACCEPT "\n");
	assert_int_equal(
		symlink(path_of(f, "secret", target), path_of(f, "radius-2026113011", path)), 0);
	assert_int_equal(mkfifo(path_of(f, "radius-2026113010", path), 0600), 0);
	append(f, "radius-202611301x", ACCEPT "\n");
	append(f, HOUR, ACCEPT "\n");
	assert_int_equal(mg_radius_spool_read(f->s, NOW - 7000, 9, NULL), 0);
	assert_int_equal(f->records, 1);
}

static void test_sessions(void **state)
{
	struct fixture *f = *state;
	struct mg_radius_record accept = parse(ACCEPT), stop = parse(STOP), up = parse(UPDATE);
	struct mg_radius_session v;
	struct mg_radius_sessions *s;
	char path[128];

	path_of(f, "s.db", path);
	assert_int_equal(mg_radius_sessions_open(&s, path, NULL), 0);
	assert_int_equal(mg_radius_sessions_note(s, &up, NULL), 0);
	assert_int_equal(mg_radius_sessions_count(s), 0); /* accounting admits nobody */
	assert_int_equal(mg_radius_sessions_note(s, &accept, NULL), 0);
	assert_int_equal(mg_radius_sessions_note(s, &up, NULL), 0);
	mg_radius_sessions_close(s);
	assert_int_equal(mg_radius_sessions_open(&s, path, NULL), 0);
	assert_int_equal(mg_radius_sessions_get(s, "001a2b3c4d5e", &v), 0);
	assert_int_equal(v.number, 7);
	assert_int_equal(v.at.session.n, 2);
	assert_memory_equal(v.at.session.b, "xx", 2);
	assert_string_equal(v.source, "10.0.0.1");
	assert_false(v.dot1x);
	/* The end of another session, or told by another switch, is not the end of this one. */
	stop.session.b[0] = 'y';
	mg_radius_sessions_note(s, &stop, NULL);
	stop.session.b[0] = 'x';
	memcpy(stop.source, "10.0.0.2", 9);
	mg_radius_sessions_note(s, &stop, NULL);
	assert_int_equal(mg_radius_sessions_count(s), 1);
	memcpy(stop.source, "10.0.0.1", 9);
	mg_radius_sessions_note(s, &stop, NULL);
	assert_int_equal(mg_radius_sessions_get(s, "001a2b3c4d5e", &v), -ENOENT);
	/* A switch that begins anew, and time. */
	mg_radius_sessions_note(s, &accept, NULL);
	stop.kind = MG_RADIUS_ON;
	mg_radius_sessions_note(s, &stop, NULL);
	assert_int_equal(mg_radius_sessions_count(s), 0);
	mg_radius_sessions_note(s, &accept, NULL);
	mg_radius_sessions_prune(s, accept.time + 3600, NULL);
	assert_int_equal(mg_radius_sessions_count(s), 1);
	mg_radius_sessions_prune(s, accept.time + 3600 + 301, NULL);
	assert_int_equal(mg_radius_sessions_count(s), 0);
	mg_radius_sessions_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_bad_record),
		cmocka_unit_test_setup_teardown(test_follow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strange_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sessions, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
