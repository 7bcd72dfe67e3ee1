/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process that reads from a stranger's server gives up: writing files, reading most of them,
 * serving, running programs, memory without end. The unit and the uid are the coarse net; this one
 * also holds when it is run by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netdb.h>
#include <seccomp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/sandbox.h"
#include "lib/util.h"
#include "mgmt/feeds/fetch/fetch.h"

#ifdef __SANITIZE_ADDRESS__
#define MEMORY_MAX RLIM_INFINITY /* its shadow takes terabytes of address space */
#else
#define MEMORY_MAX ((rlim_t)3 << 30) /* address space: the stacks of threads count, too */
#endif

static int fail(struct sk_err *err, int code, const char *what)
{
	return sk_err_set(err, code, NULL, "sandbox: %s: %s", "権限の制限に失敗しました: %s (%s)",
		what, strerror(-code));
}

/* ---- what may be read ----
 * Resolving names, the trusted certificates and their tools, libraries of the name service.
 */
static const char *const readable[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
	"/etc/gai.conf", "/etc/host.conf", "/etc/services", "/etc/protocols", "/etc/ssl",
	"/etc/pki", "/etc/ca-certificates", "/etc/gnutls", "/etc/crypto-policies",
	"/etc/ld.so.cache", "/etc/localtime", "/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates", "/usr/share/zoneinfo", "/usr/lib", "/lib", "/lib64",
	"/usr/lib64", "/usr/local/lib", "/run/systemd/resolve", "/run/resolvconf",
	"/run/NetworkManager", "/dev/urandom", "/dev/null"};

static void allow(int ruleset, const char *path)
{
	struct landlock_path_beneath_attr at = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR};
	struct stat st;

	at.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (at.parent_fd < 0)
		return;
	if (fstat(at.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		at.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
	/* What cannot be allowed stays forbidden: an error of the fetch will tell. */
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &at, 0);
	close(at.parent_fd);
}

/* Landlock (Linux 5.13); a kernel without it leaves that to the unit. */
static int restrict_files(const char *ca_file, struct sk_err *err)
{
	/* All that its first version knows: writing, making, removing, running, too. */
	const struct landlock_ruleset_attr attr = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0), r = 0;

	if (fd < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : fail(err, -errno, "landlock");
	for (size_t i = 0; i < SK_ARRAY_SIZE(readable); i++)
		allow(fd, readable[i]);
	if (ca_file)
		allow(fd, ca_file);
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		r = fail(err, -errno, "landlock");
	close(fd);
	return r;
}

/* ---- what may be called ----
 */
static int deny(scmp_filter_ctx ctx, const char *name)
{
	const int nr = seccomp_syscall_resolve_name(name);

	if (nr == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), nr, 0);
}

/* Opening for writing, on the argument that holds the flags. */
static int deny_writing(scmp_filter_ctx ctx, const char *name, unsigned arg)
{
	const struct {
		uint64_t mask, value;
	} bad[] = {
		{O_ACCMODE, O_WRONLY}, {O_ACCMODE, O_RDWR}, {O_CREAT, O_CREAT}, {O_TRUNC, O_TRUNC}};
	const int nr = seccomp_syscall_resolve_name(name);
	int r = 0;

	for (size_t i = 0; r == 0 && nr != __NR_SCMP_ERROR && i < SK_ARRAY_SIZE(bad); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), nr, 1,
			(struct scmp_arg_cmp){arg, SCMP_CMP_MASKED_EQ, bad[i].mask, bad[i].value});
	return r;
}

/* On top of the list that all daemons have; the stricter of both counts. */
static int restrict_calls(bool network, struct sk_err *err)
{
	static const char *const files[] = {"mkdir", "mkdirat", "rmdir", "unlink", "unlinkat",
		"rename", "renameat", "renameat2", "chmod", "fchmod", "fchmodat", "fchown",
		"utimensat", "flock", "kill", "listen", "accept", "accept4", "inotify_init1",
		"prctl", "seccomp"};
	static const char *const sockets[] = {"socket", "connect", "bind"};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < SK_ARRAY_SIZE(files); i++)
		r = deny(ctx, files[i]);
	for (size_t i = 0; r == 0 && !network && i < SK_ARRAY_SIZE(sockets); i++)
		r = deny(ctx, sockets[i]);
	if (r == 0)
		r = deny_writing(ctx, "open", 1);
	if (r == 0)
		r = deny_writing(ctx, "openat", 2);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r < 0 ? fail(err, r, "seccomp") : 0;
}

/* The libraries of the name service are loaded while that is easy. */
static void warm_up(void)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *ai = NULL;

	if (getaddrinfo("localhost", NULL, &hints, &ai) == 0)
		freeaddrinfo(ai);
}

int mg_fetch_confine(const struct mg_fetch_opts *o, bool network, struct sk_err *err)
{
	static const char *const extra[] = {"seccomp", "prctl", NULL};
	const struct rlimit memory = {MEMORY_MAX, MEMORY_MAX}, none = {0, 0};
	int r;

	if (network)
		warm_up();
	if (setrlimit(RLIMIT_AS, &memory) < 0)
		return fail(err, -errno, "memory");
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return fail(err, -errno, "core");
	r = sk_sandbox_caps(NULL, 0, err);
	if (r == 0)
		r = restrict_files(network ? o->ca_file : NULL, err);
	if (r == 0 && !o->no_seccomp)
		r = sk_sandbox_seccomp(extra, err);
	if (r == 0 && !o->no_seccomp)
		r = restrict_calls(network, err);
	return r;
}
