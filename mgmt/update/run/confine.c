/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sekisho-update gives up before it reads what a server or a stick holds. The unit and the uid
 * are the coarse net; this one knows which file was asked for, and also holds when it is run by
 * hand.
 */
#include <sys/resource.h>

#include "lib/sandbox.h"
#include "lib/util.h"
#include "mgmt/feeds/fetch/fetch.h"
#include "mgmt/update/run/run.h"

int mg_run_confine(const struct mg_run_opts *o, const char *file, struct sk_err *err)
{
	/* libsystemd asks for the process's own name. */
	static const char *const extra[] = {"prctl", NULL};
	const char *const readable[] = {o->health_dir, o->keyring, o->cmdline, o->grubenv,
		o->version_file, o->os_release, "/proc/sys/kernel/random/boot_id",
		o->ca_file ? o->ca_file : o->keyring, file[0] == '/' ? file : NULL, NULL};
	const char *const writable[] = {o->state_dir, NULL};
	const struct sk_sandbox_files f = {
		.read = {mg_fetch_readable, readable}, .write = writable};
	int r;

	mg_fetch_warm_up();
	r = sk_sandbox_memory(err);
	if (r == 0)
		r = sk_sandbox_files(&f, err);
	if (r == 0 && !o->no_seccomp)
		r = sk_sandbox_seccomp(extra, err);
	return r;
}
