/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program of one request and its caller, over a real socket: the program runs in a child of its
 * own, the caller's loop here.
 */
#include "tests/unit/lib/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/oneshot.h"
#include "lib/util.h"

#define DEADLINE_US 20000000

struct fixture {
	char dir[64], path[96];
	pid_t pid;
	sd_event *ev;
	struct sk_oneshot_call *call;
	unsigned progress, data, dones;
	int code, fd;
	int64_t value;
	struct sk_err err;
};

/* ---- the program ---- */
static int handle(struct sk_oneshot *s, const struct sk_oneshot_request *q, json_t **extra,
	void *arg, struct sk_err *err)
{
	static const struct sk_text step = {"reading", "読み込み中"};
	struct sk_buf b;
	int memfd;

	if (sk_streq(q->op, "refuse"))
		return sk_err_set(err, -EINVAL, "x", "no", "いいえ");
	if (sk_streq(q->op, "die"))
		_exit(3);
	if (sk_streq(q->op, "hang"))
		pause();
	if (!sk_streq(q->op, "echo"))
		return sk_oneshot_unknown(err);
	sk_oneshot_progress(s, 1, 2, &step);
	sk_buf_init(&b, 64);
	if (q->memfd >= 0)
		sk_fd_read(q->memfd, &b, NULL);
	memfd = sk_memfd("answer", sk_buf_str(&b), b.len);
	sk_buf_done(&b);
	sk_oneshot_data(s, json_pack("{ss}", "file", "answer"), memfd, NULL);
	close(memfd);
	*extra = json_pack("{sO}", "value", json_object_get(q->args, "value"));
	return 0;
}

static void serve(int fd, void *arg)
{
	sk_oneshot_serve(fd, handle, arg);
}

/* ---- the caller ---- */
static void on_progress(const json_t *p, void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(json_integer_value(json_object_get(p, "total")), 2);
	assert_string_equal(json_string_value(json_object_get(p, "en")), "reading");
	f->progress++;
}

static void on_data(const json_t *body, int *fd, void *arg)
{
	struct fixture *f = arg;

	f->data++;
	f->fd = *fd;
	*fd = -1;
}

static void on_done(int code, const json_t *end, const struct sk_err *err, void *arg)
{
	struct fixture *f = arg;

	f->dones++;
	f->code = code;
	f->err = *err;
	f->value = json_integer_value(json_object_get(end, "value"));
	f->call = NULL;
}

static const struct sk_oneshot_ops ops = {
	.progress = on_progress, .data = on_data, .done = on_done};

static int start_program(struct fixture *f)
{
	const uint64_t deadline = sk_mono_us() + DEADLINE_US;

	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0) {
		struct sk_oneshot_opts o = {.name = "test", .listen = f->path, .serve = serve};

		sk_log_init("test", -1);
		_exit(sk_oneshot_run(&o));
	}
	while (access(f->path, F_OK) < 0 && sk_mono_us() < deadline)
		usleep(1000);
	return access(f->path, F_OK);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->fd = -1;
	snprintf(f->dir, sizeof(f->dir), "/tmp/oneshot-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/s.sock", f->dir);
	assert_true(sd_event_new(&f->ev) >= 0);
	*state = f;
	return start_program(f);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kill(f->pid, SIGTERM);
	waitpid(f->pid, NULL, 0);
	sk_oneshot_call_free(f->call);
	sd_event_unref(f->ev);
	sk_closep(&f->fd);
	unlink(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

static int ask(struct fixture *f, const char *op, int passfd)
{
	const struct sk_oneshot_ask a = {.socket = f->path,
		.op = op,
		.args = json_pack("{si}", "value", 42),
		.passfd = passfd,
		.patience = sk_streq(op, "hang") ? 1 : 20};
	/* The name of a socket is there a moment before it listens. */
	const uint64_t deadline = sk_mono_us() + DEADLINE_US;
	struct sk_err err = {0};
	int r;

	do {
		struct sk_oneshot_ask again = a;

		again.args = json_incref(a.args);
		r = sk_oneshot_call(&f->call, f->ev, &again, &ops, f, &err);
	} while (r == -ECONNREFUSED && sk_mono_us() < deadline);
	json_decref(a.args);
	return r;
}

static void turn_until_done(struct fixture *f)
{
	const uint64_t deadline = sk_mono_us() + DEADLINE_US;

	while (!f->dones && sk_mono_us() < deadline)
		sd_event_run(f->ev, 100000);
	assert_int_equal(f->dones, 1);
}

static void an_answer_comes_with_progress_and_a_file(void **state)
{
	struct fixture *f = *state;
	struct sk_buf b;
	int memfd = sk_memfd("q", "hello", 5);

	assert_int_equal(ask(f, "echo", memfd), 0);
	close(memfd);
	turn_until_done(f);
	assert_int_equal(f->code, 0);
	assert_int_equal(f->progress, 1);
	assert_int_equal(f->data, 1);
	assert_int_equal(f->value, 42);
	sk_buf_init(&b, 64);
	assert_int_equal(sk_fd_read(f->fd, &b, NULL), 0);
	assert_string_equal(sk_buf_str(&b), "hello");
	sk_buf_done(&b);
}

static void a_refusal_says_why(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "refuse", -1), 0);
	turn_until_done(f);
	assert_int_equal(f->code, -EINVAL);
	assert_string_equal(f->err.path, "x");
	assert_string_equal(f->err.ja, "いいえ");
}

static void an_unknown_operation_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "nothing", -1), 0);
	turn_until_done(f);
	assert_int_equal(f->code, -EOPNOTSUPP);
}

static void a_program_that_dies_is_noticed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "die", -1), 0);
	turn_until_done(f);
	assert_int_equal(f->code, -EHOSTDOWN);
	/* And the next one is served. */
	f->dones = 0;
	assert_int_equal(ask(f, "echo", -1), 0);
	turn_until_done(f);
	assert_int_equal(f->code, 0);
}

static void a_program_that_hangs_is_given_up(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "hang", -1), 0);
	turn_until_done(f);
	assert_int_equal(f->code, -ETIMEDOUT);
}

static void a_file_that_can_still_change_is_refused(void **state)
{
	struct fixture *f = *state;
	FILE *t = tmpfile();

	assert_int_equal(ask(f, "echo", fileno(t)), 0);
	fclose(t);
	turn_until_done(f);
	assert_int_equal(f->code, -EPERM);
}

static void a_caller_may_leave(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "echo", -1), 0);
	sk_oneshot_call_free(f->call);
	f->call = NULL;
	for (int i = 0; i < 5; i++)
		sd_event_run(f->ev, 10000);
	assert_int_equal(f->dones, 0);
}

static void no_program_is_an_error_at_once(void **state)
{
	struct fixture *f = *state;
	const struct sk_oneshot_ask a = {
		.socket = "/nonexistent/s.sock", .op = "echo", .passfd = -1, .patience = 1};
	struct sk_err err = {0};

	assert_int_equal(sk_oneshot_call(&f->call, f->ev, &a, &ops, f, &err), -ENOENT);
	assert_true(err.en[0] != '\0');
}

static void users_by_name_and_number(void **state)
{
	struct sk_oneshot_opts o = {0};

	assert_int_equal(sk_oneshot_allow(&o, "root"), 0);
	assert_int_equal(o.allow, 0);
	assert_int_equal(sk_oneshot_allow(&o, "4000000"), 0);
	assert_int_equal(o.allow, 4000000);
	assert_int_equal(sk_oneshot_allow(&o, "no-such-user-here"), -ENOENT);
	assert_false(o.has_allow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_answer_comes_with_progress_and_a_file, setup, teardown),
		cmocka_unit_test_setup_teardown(a_refusal_says_why, setup, teardown),
		cmocka_unit_test_setup_teardown(an_unknown_operation_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_program_that_dies_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_program_that_hangs_is_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_that_can_still_change_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_caller_may_leave, setup, teardown),
		cmocka_unit_test_setup_teardown(no_program_is_an_error_at_once, setup, teardown),
		cmocka_unit_test(users_by_name_and_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
