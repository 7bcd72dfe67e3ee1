// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The end of a restore: the manager that was asked restarts with the restored registry, so its
 * answer comes from the new one.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/cli/cli.h"

#define PATIENCE_S 300

static int take(json_t *body, void *arg)
{
	json_t *v = json_object_get(body, "record");

	if (v) {
		json_decref(*(json_t **)arg);
		*(json_t **)arg = json_incref(v);
	}
	return 0;
}

/* 1: not yet. */
static int look(const char *socket, int64_t since, json_t **ret, struct sk_err *err)
{
	int fd = sk_ipc_connect(socket, NULL), r;
	json_t *v = NULL;

	if (fd < 0)
		return 1;
	r = sk_ipc_call(fd, "backup.status", NULL, -1, 10000, take, &v, NULL, err);
	close(fd);
	/* Whoever asked is nobody in the restored registry: it is in force. */
	if (r == -EACCES)
		return 0;
	if (r < 0 || json_integer_value(json_object_get(v, "last_restore")) < since) {
		json_decref(v);
		return 1;
	}
	*ret = v;
	return 0;
}

int cli_await_restore(
	const struct cli_opts *o, int64_t since, struct cli_out *out, struct sk_err *err)
{
	const uint64_t deadline = sk_mono_us() + PATIENCE_S * 1000000ull;
	json_t *v = NULL, *body;
	const char *failed;
	int r = 1;

	while (r == 1 && sk_mono_us() < deadline) {
		nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
		r = look(o->socket, since, &v, err);
	}
	if (r == 1)
		return sk_err_set(err, -ETIMEDOUT, NULL,
			"nothing was heard of the restore; see: sekisho system log --unit "
			"sekisho-backup",
			"復元の結果を確認できません。sekisho system log --unit "
			"sekisho-backup で確認してください");
	failed = json_string_value(json_object_get(v, "restore_error"));
	if (failed) {
		r = sk_err_set(err, -EIO, NULL, "%s", "%s", failed);
		json_decref(v);
		return r;
	}
	body = json_pack("{s:o}", "record", v ? v : json_object());
	r = body ? cli_out_data(out, body) : -ENOMEM;
	json_decref(body);
	return r;
}
