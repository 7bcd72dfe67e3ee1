/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up rights at start, before any byte from outside is read and before any thread exists. All
 * failures are errors: a daemon that could not be confined must not run.
 */
#include "lib/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/util.h"

static int fail(struct sk_err *err, int code, const char *what)
{
	return sk_err_set(err, code, NULL, "sandbox: %s: %s", "権限の制限に失敗しました: %s (%s)",
		what, strerror(-code));
}

/* The first capability of keep that the process does not hold, or -1. */
static int not_held(uint64_t keep)
{
	for (int cap = 0; cap < 64; cap++)
		if ((keep >> cap & 1) && !capng_have_capability(CAPNG_PERMITTED, (unsigned)cap))
			return cap;
	return -1;
}

/* Nothing that is executed later may gain what is dropped now. Needs CAP_SETPCAP; without it the
 * bounding set is the service manager's business and no_new_privs covers the rest. */
static int drop_bounding(uint64_t keep)
{
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		return 0;
	for (int cap = 0; cap < 64; cap++) {
		if (keep >> cap & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EINVAL ? 0 : -errno; /* past the kernel's last */
	}
	return 0;
}

static void select_caps(uint64_t keep)
{
	capng_clear(CAPNG_SELECT_CAPS);
	for (int cap = 0; cap < 64; cap++)
		if (keep >> cap & 1)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, (unsigned)cap);
}

/* errno after a failed libcap-ng call, which may have set none. */
static int cause(void)
{
	return errno ? -errno : -EPERM;
}

int sk_sandbox_caps(const char *user, uint64_t keep, struct sk_err *err)
{
	const struct passwd *pw = NULL;
	int r, cap;

	if (user && geteuid() == 0) {
		errno = 0;
		pw = getpwnam(user);
		if (!pw)
			return fail(err, errno ? -errno : -ENOENT, user);
	}
	if (capng_get_caps_process() < 0)
		return fail(err, -EIO, "capabilities cannot be read");
	cap = not_held(keep);
	if (cap >= 0)
		return fail(err, -EPERM, capng_capability_to_name((unsigned)cap));
	r = drop_bounding(keep);
	if (r < 0)
		return fail(err, r, "bounding set");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return fail(err, -errno, "ambient set");

	select_caps(keep);
	errno = 0;
	if (pw && capng_change_id((int)pw->pw_uid, (int)pw->pw_gid, CAPNG_DROP_SUPP_GRP) != 0)
		return fail(err, cause(), user);
	errno = 0;
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return fail(err, cause(), "capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(err, -errno, "no_new_privs");
	return 0;
}

/* ---- files and memory ----
 */
#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                                                    \
	(READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                   \
		LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)

static void allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr at = {.allowed_access = access};
	struct stat st;

	at.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (at.parent_fd < 0)
		return;
	if (fstat(at.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		at.allowed_access &= OF_FILES;
	/* What cannot be allowed stays forbidden: an error of its use will tell. */
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &at, 0);
	close(at.parent_fd);
}

static void allow_all(int ruleset, const char *const *paths, uint64_t access)
{
	for (; paths && *paths; paths++)
		allow(ruleset, *paths, access);
}

int sk_sandbox_files(const struct sk_sandbox_files *f, struct sk_err *err)
{
	/* All that its first version knows: writing, making, removing, running, too. */
	const struct landlock_ruleset_attr attr = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0), r = 0;

	if (fd < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : fail(err, -errno, "landlock");
	for (size_t i = 0; i < SK_ARRAY_SIZE(f->read); i++)
		allow_all(fd, f->read[i], READING);
	allow_all(fd, f->write, WRITING);
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		r = fail(err, -errno, "landlock");
	close(fd);
	return r;
}

#ifdef __SANITIZE_ADDRESS__
#define MEMORY_MAX RLIM_INFINITY /* its shadow takes terabytes of address space */
#else
#define MEMORY_MAX ((rlim_t)3 << 30) /* address space: the stacks of threads count, too */
#endif

int sk_sandbox_memory(struct sk_err *err)
{
	const struct rlimit memory = {MEMORY_MAX, MEMORY_MAX}, none = {0, 0};

	if (setrlimit(RLIMIT_AS, &memory) < 0)
		return fail(err, -errno, "memory");
	return setrlimit(RLIMIT_CORE, &none) < 0 ? fail(err, -errno, "core") : 0;
}

/* ---- system calls ----
 */
/* What libc, sd-event, SQLite and the daemons' own sockets and files take. No exec, no fork. */
static const char *const base[] = {
	/* memory and threads */
	"brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "membarrier", "mlock", "munlock",
	"futex", "futex_waitv", "set_robust_list", "get_robust_list", "rseq", "set_tid_address",
	"arch_prctl", "sched_yield", "sched_getaffinity", "sched_setaffinity", "gettid", "tgkill",
	"exit", "exit_group", "restart_syscall", "memfd_create",
	/* signals and time */
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait",
	"sigaltstack", "kill", "signalfd4", "clock_gettime", "clock_getres", "clock_nanosleep",
	"nanosleep", "gettimeofday", "time", "timerfd_create", "timerfd_settime", "timerfd_gettime",
	/* files */
	"open", "openat", "close", "close_range", "read", "readv", "pread64", "preadv", "write",
	"writev", "pwrite64", "pwritev", "lseek", "stat", "lstat", "fstat", "newfstatat", "statx",
	"statfs", "fstatfs", "access", "faccessat", "faccessat2", "getdents64", "readlink",
	"readlinkat", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat",
	"renameat2", "chmod", "fchmod", "fchmodat", "fchown", "ftruncate", "fallocate", "fadvise64",
	"fsync", "fdatasync", "sync_file_range", "flock", "fcntl", "dup", "dup2", "dup3", "umask",
	"utimensat", "getcwd", "ioctl", "sendfile", "copy_file_range", "pipe2", "inotify_init1",
	"inotify_add_watch", "inotify_rm_watch",
	/* sockets and waiting */
	"socket", "socketpair", "bind", "listen", "connect", "accept", "accept4", "getsockname",
	"getpeername", "getsockopt", "setsockopt", "shutdown", "sendto", "sendmsg", "sendmmsg",
	"recvfrom", "recvmsg", "recvmmsg", "poll", "ppoll", "select", "pselect6", "epoll_create1",
	"epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2",
	/* who and how much */
	"getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid",
	"getgroups", "capget", "getrandom", "uname", "sysinfo", "getrusage", "getrlimit",
	"prlimit64", "getpriority", NULL};

/* Nobody calls these by accident: an attempt is an attack and ends the process. */
static const char *const deadly[] = {"ptrace", "process_vm_readv", "process_vm_writev",
	"init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "mount",
	"umount2", "pivot_root", "move_mount", "fsopen", "fsmount", "open_tree", "mount_setattr",
	NULL};

static bool listed(const char *name, const char *const *names)
{
	for (; names && *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* A name this architecture or library does not have is passed over, unless it must exist. */
static int add_rule(scmp_filter_ctx ctx, uint32_t action, const char *name, bool must_exist)
{
	int nr = seccomp_syscall_resolve_name(name), r;

	if (nr == __NR_SCMP_ERROR)
		return must_exist ? -ENOSYS : 0;
	r = seccomp_rule_add(ctx, action, nr, 0);
	/* Pseudo system calls of other architectures. */
	return r == -EDOM && !must_exist ? 0 : r;
}

static int add_special(scmp_filter_ctx ctx, const char *const *extra)
{
	int r = 0;

	/* Threads, but no processes: pthread_create() sets CLONE_THREAD, fork() does not. */
	if (!listed("clone", extra))
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	/* Its flags are behind a pointer; libc falls back to clone only on ENOSYS. */
	if (r == 0 && !listed("clone3", extra))
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	/* Harmless process names only, not the setting of rights. */
	if (r == 0 && !listed("prctl", extra))
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
			SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0));
	return r;
}

static int build(scmp_filter_ctx ctx, const char *const *extra, const char **ret_name)
{
	int r = 0;

	for (size_t i = 0; extra && extra[i] && r == 0; i++) {
		*ret_name = extra[i];
		r = add_rule(ctx, SCMP_ACT_ALLOW, extra[i], true);
	}
	for (size_t i = 0; base[i] && r == 0; i++) {
		*ret_name = base[i];
		r = add_rule(ctx, SCMP_ACT_ALLOW, base[i], false);
	}
	for (size_t i = 0; deadly[i] && r == 0; i++) {
		*ret_name = deadly[i];
		if (!listed(deadly[i], extra))
			r = add_rule(ctx, SCMP_ACT_KILL_PROCESS, deadly[i], false);
	}
	if (r < 0)
		return r;
	*ret_name = "clone";
	return add_special(ctx, extra);
}

int sk_sandbox_seccomp(const char *const *extra, struct sk_err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	const char *what = "seccomp";
	int r;

	if (!ctx)
		return sk_err_nomem(err);
	/* All threads at once, should there be any. */
	r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r == 0)
		r = build(ctx, extra, &what);
	if (r == 0) {
		what = "seccomp";
		r = seccomp_load(ctx);
	}
	seccomp_release(ctx);
	return r < 0 ? fail(err, r, what) : 0;
}
