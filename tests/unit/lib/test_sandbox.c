/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a confined process can no longer do, each tried in a child of its own: the parent looks at
 * how it ended.
 */
#include "tests/unit/lib/unit.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/sandbox.h"

/* fn in a child; its return value as exit status, or 1000 + signal. */
static int in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

#define NEED(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond))                                                                       \
			return __LINE__ % 200 + 1;                                                 \
	} while (0)

static uint64_t status_caps(const char *field)
{
	char line[256];
	unsigned long long v = ~0ULL;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, field, strlen(field)) == 0)
			v = strtoull(line + strlen(field) + 1, NULL, 16);
	if (f)
		fclose(f);
	return v;
}

static int drops_all(void)
{
	NEED(sk_sandbox_caps(NULL, 0, NULL) == 0);
	NEED(status_caps("CapEff") == 0);
	NEED(status_caps("CapPrm") == 0);
	NEED(status_caps("CapInh") == 0);
	NEED(status_caps("CapAmb") == 0);
	NEED(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	NEED(geteuid() != 0 || status_caps("CapBnd") == 0);
	return 0;
}

static int keeps_one_as_nobody(void)
{
	const uint64_t keep = 1ULL << CAP_NET_BIND_SERVICE;
	gid_t groups[4];
	uid_t r, e, s;

	NEED(sk_sandbox_caps("nobody", keep, NULL) == 0);
	NEED(getresuid(&r, &e, &s) == 0 && r == 65534 && e == 65534 && s == 65534);
	NEED(getgroups(4, groups) == 0);
	NEED(status_caps("CapEff") == keep);
	NEED(status_caps("CapPrm") == keep);
	NEED(status_caps("CapBnd") == keep);
	NEED(status_caps("CapAmb") == 0);
	NEED(setuid(0) < 0);
	return 0;
}

static int refuses_what_it_lacks(void)
{
	struct sk_err err;

	NEED(sk_sandbox_caps(NULL, 0, NULL) == 0);
	NEED(sk_sandbox_caps(NULL, 1ULL << CAP_NET_ADMIN, &err) == -EPERM);
	NEED(strstr(err.en, "net_admin"));
	NEED(sk_sandbox_caps(NULL, 1ULL << 63, &err) == -EPERM);
	return 0;
}

static int refuses_unknown_user(void)
{
	struct sk_err err;

	NEED(sk_sandbox_caps("no-such-user-here", 0, &err) == -ENOENT);
	return 0;
}

static void capabilities_are_dropped(void **state)
{
	assert_int_equal(in_child(drops_all), 0);
	assert_int_equal(in_child(refuses_what_it_lacks), 0);
}

static void user_is_switched(void **state)
{
	if (geteuid() != 0)
		skip(); /* needs root */
	assert_int_equal(in_child(keeps_one_as_nobody), 0);
	assert_int_equal(in_child(refuses_unknown_user), 0);
}

static void *thread(void *arg)
{
	*(int *)arg = 1;
	return NULL;
}

static int ordinary_work(void)
{
	pthread_t t;
	int ran = 0, fd;
	char buf[16];

	NEED(sk_sandbox_seccomp(NULL, NULL) == 0);
	fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
	NEED(fd >= 0 && read(fd, buf, sizeof(buf)) > 0 && close(fd) == 0);
	NEED((fd = socket(AF_UNIX, SOCK_SEQPACKET, 0)) >= 0 && close(fd) == 0);
	NEED(pthread_create(&t, NULL, thread, &ran) == 0);
	NEED(pthread_join(t, NULL) == 0 && ran == 1);
	free(malloc(1 << 24));
	return 0;
}

static int on_timer(sd_event_source *src, uint64_t usec, void *arg)
{
	return sd_event_exit(sd_event_source_get_event(src), 42);
}

/* The loop every daemon lives in, with its signals, and a call answered over a socket. */
static int event_loop(void)
{
	static const struct sk_ipc_limits lim = {
		.clients = 1, .per_uid = 1, .queue_bytes = 1 << 20};
	static const struct sk_ipc_ops ops = {.accept = NULL};
	char path[] = "/tmp/sk-test-sandbox-XXXXXX";
	struct sk_ipc_server *s;
	sd_event *ev;
	sigset_t set;
	int fd;

	NEED(mkdtemp(path));
	NEED(chdir(path) == 0);
	NEED(sk_sandbox_caps(NULL, 0, NULL) == 0 && sk_sandbox_seccomp(NULL, NULL) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	NEED(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	NEED(sd_event_new(&ev) >= 0);
	NEED(sd_event_add_signal(ev, NULL, SIGTERM, NULL, NULL) >= 0);
	NEED(sd_event_add_time_relative(ev, NULL, CLOCK_MONOTONIC, 1000, 0, on_timer, NULL) >= 0);
	NEED(sk_ipc_server_new(&s, ev, "sock", 0600, -1, &lim, &ops, NULL, NULL) == 0);
	NEED((fd = sk_ipc_connect("sock", NULL)) >= 0);
	NEED(sk_file_replace("file", "x", 1, 0600, NULL) == 0);
	NEED((fd = sk_memfd("m", "x", 1)) >= 0 && sk_memfd_check(fd, NULL) == 0);
	NEED(unlink("file") == 0);
	NEED(sd_event_loop(ev) == 42);
	sk_ipc_server_free(s);
	sd_event_unref(ev);
	NEED(rmdir(path) == 0);
	return 0;
}

static int no_new_processes(void)
{
	char *const argv[] = {(char *)"true", NULL};

	NEED(sk_sandbox_seccomp(NULL, NULL) == 0);
	NEED(syscall(SYS_execve, "/bin/true", argv, NULL) < 0 && errno == EPERM);
	NEED(fork() < 0 && errno == EPERM);
	NEED(syscall(SYS_bpf, 0, NULL, 0) < 0 && errno == EPERM);
	NEED(syscall(SYS_setns, -1, 0) < 0 && errno == EPERM);
	return 0;
}

static int extra_is_allowed(void)
{
	static const char *const extra[] = {"getsid", NULL};

	NEED(sk_sandbox_seccomp(extra, NULL) == 0);
	NEED(getsid(0) >= 0);
	return 0;
}

static int without_extra(void)
{
	NEED(sk_sandbox_seccomp(NULL, NULL) == 0);
	NEED(syscall(SYS_getsid, 0) < 0 && errno == EPERM);
	return 0;
}

static int unknown_extra(void)
{
	static const char *const extra[] = {"no_such_call", NULL};
	struct sk_err err;

	NEED(sk_sandbox_seccomp(extra, &err) == -ENOSYS);
	NEED(strstr(err.en, "no_such_call"));
	return 0;
}

static int traces(void)
{
	NEED(sk_sandbox_seccomp(NULL, NULL) == 0);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	return 0;
}

static int mounts(void)
{
	NEED(sk_sandbox_seccomp(NULL, NULL) == 0);
	mount("none", "/mnt", "tmpfs", 0, NULL);
	return 0;
}

static int loads_module(void)
{
	NEED(sk_sandbox_seccomp(NULL, NULL) == 0);
	syscall(SYS_init_module, NULL, 0, "");
	return 0;
}

static bool can(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static int files_are_few(void)
{
	char dir[] = "/tmp/sk-test-sandbox-XXXXXX", a[64], b[64], to[64];
	const char *const some[] = {"/etc/passwd", "/no/such/file", NULL},
			  *const own[] = {dir, NULL};
	const struct sk_sandbox_files f = {.read = {some}, .write = own};

	NEED(mkdtemp(dir));
	snprintf(a, sizeof(a), "%s/a", dir);
	snprintf(b, sizeof(b), "%s/b", dir);
	snprintf(to, sizeof(to), "%.60s.out", dir);
	NEED(can("/etc/group", O_RDONLY));
	NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && sk_sandbox_files(&f, NULL) == 0);
	if (can("/etc/group", O_RDONLY))
		return has_landlock() ? __LINE__ % 200 + 1 : 0;
	NEED(errno == EACCES && can("/etc/passwd", O_RDONLY) && !can("/etc/passwd", O_RDWR));
	NEED(can(a, O_WRONLY | O_CREAT) && can(a, O_RDONLY) && rename(a, b) == 0);
	NEED(!can(to, O_WRONLY | O_CREAT) && rename(b, to) < 0);
	NEED(execl("/bin/true", "true", NULL) < 0 && errno == EACCES);
	NEED(unlink(b) == 0);
	return 0;
}

static int memory_is_bounded(void)
{
	struct rlimit core, memory;

	NEED(sk_sandbox_memory(NULL) == 0);
	NEED(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
	NEED(getrlimit(RLIMIT_AS, &memory) == 0);
#ifndef __SANITIZE_ADDRESS__
	NEED(memory.rlim_max == (rlim_t)3 << 30);
#endif
	return 0;
}

static void files_and_memory(void **state)
{
	assert_int_equal(in_child(files_are_few), 0);
	assert_int_equal(in_child(memory_is_bounded), 0);
}

static void seccomp_allows_ordinary_work(void **state)
{
	assert_int_equal(in_child(ordinary_work), 0);
	assert_int_equal(in_child(event_loop), 0);
	assert_int_equal(in_child(extra_is_allowed), 0);
	assert_int_equal(in_child(without_extra), 0);
	assert_int_equal(in_child(unknown_extra), 0);
}

static void seccomp_refuses_processes(void **state)
{
	assert_int_equal(in_child(no_new_processes), 0);
}

static void seccomp_kills_attacks(void **state)
{
	assert_int_equal(in_child(traces), 1000 + SIGSYS);
	assert_int_equal(in_child(mounts), 1000 + SIGSYS);
	assert_int_equal(in_child(loads_module), 1000 + SIGSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_are_dropped),
		cmocka_unit_test(user_is_switched),
		cmocka_unit_test(files_and_memory),
		cmocka_unit_test(seccomp_allows_ordinary_work),
		cmocka_unit_test(seccomp_refuses_processes),
		cmocka_unit_test(seccomp_kills_attacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
