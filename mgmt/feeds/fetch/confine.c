/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process that reads from a stranger's server gives up: writing files, reading most of them,
 * serving, running programs, memory without end. The unit and the uid are the coarse net; this one
 * also holds when it is run by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <seccomp.h>
#include <string.h>

#include "lib/sandbox.h"
#include "lib/util.h"
#include "mgmt/feeds/fetch/fetch.h"

static int fail(struct sk_err *err, int code, const char *what)
{
	return sk_err_set(err, code, NULL, "sandbox: %s: %s", "権限の制限に失敗しました: %s (%s)",
		what, strerror(-code));
}

/* ---- what may be read ----
 * Resolving names, the trusted certificates and their tools, libraries of the name service.
 */
const char *const mg_fetch_readable[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
	"/etc/gai.conf", "/etc/host.conf", "/etc/services", "/etc/protocols", "/etc/ssl",
	"/etc/pki", "/etc/ca-certificates", "/etc/gnutls", "/etc/crypto-policies",
	"/etc/ld.so.cache", "/etc/localtime", "/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates", "/usr/share/zoneinfo", "/usr/lib", "/lib", "/lib64",
	"/usr/lib64", "/usr/local/lib", "/run/systemd/resolve", "/run/resolvconf",
	"/run/NetworkManager", "/dev/urandom", "/dev/null", NULL};

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
void mg_fetch_warm_up(void)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *ai = NULL;

	if (getaddrinfo("localhost", NULL, &hints, &ai) == 0)
		freeaddrinfo(ai);
}

int mg_fetch_confine(const struct mg_fetch_opts *o, bool network, struct sk_err *err)
{
	static const char *const extra[] = {"seccomp", "prctl", NULL};
	const char *const ca[] = {network ? o->ca_file : NULL, NULL};
	const struct sk_sandbox_files f = {.read = {mg_fetch_readable, ca}};
	int r;

	if (network)
		mg_fetch_warm_up();
	r = sk_sandbox_memory(err);
	if (r == 0)
		r = sk_sandbox_caps(NULL, 0, err);
	if (r == 0)
		r = sk_sandbox_files(&f, err);
	if (r == 0 && !o->no_seccomp)
		r = sk_sandbox_seccomp(extra, err);
	if (r == 0 && !o->no_seccomp)
		r = restrict_calls(network, err);
	return r;
}
