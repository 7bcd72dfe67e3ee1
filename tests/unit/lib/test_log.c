/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reaches standard error: one line a message with the journal's prefix, and no way to forge
 * one.
 */
#include "tests/unit/lib/unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/log.h"

static int saved, pipes[2];

static int redirect(void **state)
{
	if (pipe2(pipes, O_NONBLOCK) < 0)
		return -1;
	saved = dup(2);
	return dup2(pipes[1], 2) < 0 ? -1 : 0;
}

static int restore(void **state)
{
	dup2(saved, 2);
	close(saved);
	close(pipes[0]);
	close(pipes[1]);
	return 0;
}

static const char *logged(void)
{
	static char buf[8192];
	ssize_t n = read(pipes[0], buf, sizeof(buf) - 1);

	buf[n < 0 ? 0 : n] = '\0';
	return buf;
}

static void writes_level_name_and_text(void **state)
{
	unsetenv("JOURNAL_STREAM");
	sk_log_init("sekisho-test", LOG_INFO);
	sk_log(LOG_WARNING, "rule %d", 7);
	assert_string_equal(logged(), "<4>sekisho-test: rule 7\n");
	sk_log(LOG_DEBUG, "not wanted");
	assert_string_equal(logged(), "");
	/* journald names the process itself. */
	setenv("JOURNAL_STREAM", "8:1", 1);
	sk_log_init("sekisho-test", LOG_DEBUG);
	sk_log(LOG_DEBUG, "wanted");
	assert_string_equal(logged(), "<7>wanted\n");
}

static void lines_cannot_be_forged(void **state)
{
	char big[5000];

	sk_log_init("t", LOG_INFO);
	sk_log(LOG_INFO, "name %s", "x\n<0>t: all is lost\x1b[2J");
	assert_string_equal(logged(), "<6>name x\\x0a<0>t: all is lost\\x1b[2J\n");
	memset(big, '\n', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	sk_log(LOG_INFO, "%s", big);
	const char *line = logged();
	assert_true(strlen(line) > 1000);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void logs_errors(void **state)
{
	struct sk_err e;

	sk_log_init("t", LOG_INFO);
	sk_err_set(&e, -EINVAL, "rules[7]", "bad port", "ポートが不正です");
	sk_log_err(LOG_ERR, "policy", &e);
	assert_string_equal(logged(), "<3>policy: rules[7]: bad port\n");
	e = (struct sk_err){.code = -ENOENT};
	sk_log_err(LOG_ERR, "policy", &e);
	assert_string_equal(logged(), "<3>policy: No such file or directory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_level_name_and_text, redirect, restore),
		cmocka_unit_test_setup_teardown(lines_cannot_be_forged, redirect, restore),
		cmocka_unit_test_setup_teardown(logs_errors, redirect, restore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
