/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever instant the daemon dies at, its next start loads the confirmed policy, old or new. */
#include "tests/unit/policy/build.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fw/fwd/persist.h"
#include "tests/unit/fwd/unit.h"

struct fixture {
	char dir[64];
	struct fwd_persist *p;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/fwd-persist.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(fwd_persist_open(&f->p, f->dir, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"confirmed", "previous", "previous.new", "trial",
		"damaged", "counters.json", "trial.json"};
	struct fixture *f = *state;
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
		unlink(path);
	}
	fwd_persist_close(f->p);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static void trial(struct fixture *f, uint64_t generation)
{
	static const struct t_rule rule = {.number = 1001};
	struct fw_policy *p = t_policy();
	struct sk_buf b;

	p->generation = generation;
	t_add(p, &rule);
	t_finish(p);
	b = t_encode(p);
	assert_int_equal(fwd_persist_trial(f->p, b.data, b.len, NULL), 0);
	sk_buf_done(&b);
	fw_policy_free(p);
}

static void confirmed(struct fixture *f, uint64_t generation)
{
	trial(f, generation);
	assert_int_equal(fwd_persist_confirm(f->p, NULL), 0);
}

static struct fwd_load load(struct fixture *f)
{
	struct fwd_load l = {0};
	struct sk_err err = {0};

	if (fwd_persist_load(f->p, T_NOW, &l, &err) < 0)
		fail_msg("%s", err.en);
	return l;
}

static void expect(struct fixture *f, uint64_t generation, enum fwd_loaded from, bool interrupted)
{
	struct fwd_load l = load(f);

	assert_int_equal(l.from, from);
	assert_int_equal(l.interrupted, interrupted);
	if (generation == 0) {
		assert_null(l.policy);
	} else {
		assert_non_null(l.policy);
		assert_int_equal(l.policy->generation, generation);
	}
	fw_policy_free(l.policy);
}

static void break_file(struct fixture *f, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "X", 1, 40), 1);
	close(fd);
}

static void one_daemon_only(void **state)
{
	struct fixture *f = *state;
	struct fwd_persist *second = NULL;
	struct sk_err err = {0};

	assert_int_equal(fwd_persist_open(&second, f->dir, &err), -EBUSY);
	assert_null(second);
	assert_string_equal(err.path, "state-dir");
	fwd_persist_close(f->p);
	assert_int_equal(fwd_persist_open(&f->p, f->dir, NULL), 0);
}

/* Whatever a death in the middle of writing left would stay for ever. */
static void leftovers_are_swept(void **state)
{
	struct fixture *f = *state;
	char left[128], kept[128];

	snprintf(left, sizeof(left), "%s/trial.tmp-a1B2c3", f->dir);
	snprintf(kept, sizeof(kept), "%s/trial.json", f->dir);
	close(open(left, O_CREAT | O_WRONLY, 0600));
	close(open(kept, O_CREAT | O_WRONLY, 0600));
	fwd_persist_close(f->p);
	assert_int_equal(fwd_persist_open(&f->p, f->dir, NULL), 0);
	assert_int_equal(access(left, F_OK), -1);
	assert_int_equal(access(kept, F_OK), 0);
}

static void nothing_yet(void **state)
{
	expect(*state, 0, FWD_LOADED_NONE, false);
	trial(*state, 1);
	expect(*state, 0, FWD_LOADED_NONE, true);
}

static void every_step_of_a_change(void **state)
{
	struct fixture *f = *state;
	char from[128], to[128];

	confirmed(f, 1);
	expect(f, 1, FWD_LOADED_CURRENT, false);
	trial(f, 2); /* dead after step 1 or 2 */
	expect(f, 1, FWD_LOADED_CURRENT, true);
	snprintf(from, sizeof(from), "%s/confirmed", f->dir);
	snprintf(to, sizeof(to), "%s/previous.new", f->dir);
	assert_int_equal(link(from, to), 0); /* dead within step 3 */
	expect(f, 1, FWD_LOADED_CURRENT, true);
	snprintf(from, sizeof(from), "%s/previous", f->dir);
	assert_int_equal(rename(to, from), 0); /* dead after step 3 */
	expect(f, 1, FWD_LOADED_CURRENT, true);
	assert_int_equal(fwd_persist_confirm(f->p, NULL), 0);
	expect(f, 2, FWD_LOADED_CURRENT, false);
	/* The trial of a rollback is forgotten only after the kernel went back. */
	trial(f, 3);
	expect(f, 2, FWD_LOADED_CURRENT, true);
	assert_int_equal(fwd_persist_drop_trial(f->p, NULL), 0);
	assert_int_equal(fwd_persist_drop_trial(f->p, NULL), 0);
	expect(f, 2, FWD_LOADED_CURRENT, false);
}

static void damaged_falls_back(void **state)
{
	struct fixture *f = *state;
	struct fwd_load l;

	confirmed(f, 1);
	confirmed(f, 2);
	break_file(f, "confirmed");
	l = load(f);
	assert_int_equal(l.from, FWD_LOADED_PREVIOUS);
	assert_true(l.damaged);
	assert_true(l.damage.code < 0 && l.damage.en[0]);
	assert_int_equal(l.policy->generation, 1);
	assert_int_equal(fwd_persist_settle(f->p, &l, NULL), 0);
	fw_policy_free(l.policy);
	/* Set aside: the next confirmation does not make the damaged one the previous. */
	expect(f, 1, FWD_LOADED_PREVIOUS, false);
	confirmed(f, 3);
	break_file(f, "confirmed");
	expect(f, 1, FWD_LOADED_PREVIOUS, false);
	break_file(f, "previous");
	l = load(f);
	assert_int_equal(l.from, FWD_LOADED_NONE);
	assert_true(l.damaged);
	assert_null(l.policy);
}

static void full_disk(void **state)
{
	struct fixture *f = *state;
	char path[128];

	/* As good as a full one: nothing can be made here. */
	confirmed(f, 1);
	snprintf(path, sizeof(path), "%s/trial", f->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(fwd_persist_trial(f->p, "x", 1, NULL) < 0);
	assert_int_equal(rmdir(path), 0);
	expect(f, 1, FWD_LOADED_CURRENT, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_daemon_only, setup, teardown),
		cmocka_unit_test_setup_teardown(leftovers_are_swept, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_yet, setup, teardown),
		cmocka_unit_test_setup_teardown(every_step_of_a_change, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_falls_back, setup, teardown),
		cmocka_unit_test_setup_teardown(full_disk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
