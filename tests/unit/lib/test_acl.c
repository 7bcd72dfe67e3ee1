/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket with an access list: who may connect to it, told by connecting as other users (as root;
 * others only see that the list is made).
 */
#include "tests/unit/lib/unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/acl.h"
#include "lib/util.h"

#define ANN 12345
#define BEN 12346
#define EVE 12347

static char dir[64], path[100];
static int listener = -1;

static struct sockaddr_un address(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	return sa;
}

static int make(void **state)
{
	struct sockaddr_un sa;

	snprintf(dir, sizeof(dir), "/tmp/sk-test-acl-XXXXXX");
	if (!mkdtemp(dir) || chmod(dir, 0755) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/s", dir);
	sa = address();
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	return bind(listener, (struct sockaddr *)&sa, sizeof(sa)) < 0 || chmod(path, 0600) < 0 ||
			listen(listener, 16) < 0
		? -1
		: 0;
}

static int unmake(void **state)
{
	close(listener);
	unlink(path);
	return rmdir(dir);
}

/* 0, or errno of connecting as that user. */
static int connect_as(uid_t uid)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct sockaddr_un sa = address();
		int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

		if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(255);
		_exit(connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_users(void **state)
{
	const uid_t users[] = {BEN, ANN, BEN};
	struct sk_err err = {0};
	struct stat st;

	assert_int_equal(sk_acl_allow(path, users, SK_ARRAY_SIZE(users), &err), 0);
	assert_int_equal(stat(path, &st), 0);
	if (geteuid() != 0)
		skip();
	if ((st.st_mode & 0777) == 0666)
		skip(); /* no access lists on this file system */
	assert_int_equal(connect_as(ANN), 0);
	assert_int_equal(connect_as(BEN), 0);
	assert_int_equal(connect_as(EVE), EACCES);
}

static void test_nobody_more(void **state)
{
	struct stat st;

	assert_int_equal(sk_acl_allow(path, NULL, 0, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	if (geteuid() == 0)
		assert_int_equal(connect_as(ANN), EACCES);
}

/* What the mode gave to others stays theirs. */
static void test_mode_kept(void **state)
{
	const uid_t ann = ANN;

	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(sk_acl_allow(path, &ann, 1, NULL), 0);
	if (geteuid() != 0)
		skip();
	assert_int_equal(connect_as(ANN), 0);
	assert_int_equal(connect_as(EVE), 0);
}

static void test_errors(void **state)
{
	uid_t many[SK_ACL_USERS + 1];
	struct sk_err err = {0};

	for (size_t i = 0; i < SK_ARRAY_SIZE(many); i++)
		many[i] = (uid_t)(ANN + i);
	assert_int_equal(sk_acl_allow(path, many, SK_ARRAY_SIZE(many), &err), -E2BIG);
	assert_int_equal(sk_acl_allow(path, many, SK_ACL_USERS, &err), 0);
	assert_int_equal(sk_acl_allow("/tmp/sk-test-acl-none", many, 1, &err), -ENOENT);
	assert_non_null(strstr(err.en, "sk-test-acl-none"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_users, make, unmake),
		cmocka_unit_test_setup_teardown(test_nobody_more, make, unmake),
		cmocka_unit_test_setup_teardown(test_mode_kept, make, unmake),
		cmocka_unit_test_setup_teardown(test_errors, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
