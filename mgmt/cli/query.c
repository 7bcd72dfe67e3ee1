// SPDX-License-Identifier: GPL-2.0-or-later
/* One call to the manager, its rows and record kept. */
#include "mgmt/cli/query.h"

#include <errno.h>
#include <string.h>

#include "lib/ipc.h"
#include "lib/util.h"

#define PATIENCE_MS 30000

static int take(json_t *body, void *arg)
{
	json_t *all = arg, *record = json_object_get(body, "record");
	json_t *rows = json_object_get(body, "rows");

	if (record && json_array_append(all, record) < 0)
		return -ENOMEM;
	return rows && json_array_extend(all, rows) < 0 ? -ENOMEM : 0;
}

int cli_query(const char *socket, const char *op, json_t *args, json_t **ret, struct sk_err *err)
{
	_cleanup_(sk_closep) int fd = sk_ipc_connect(socket, err);
	json_t *all = json_array();
	int r;

	if (fd < 0 || !all) {
		json_decref(args);
		json_decref(all);
		return fd >= 0 ? sk_err_nomem(err)
			       : sk_err_set(err, -ENOTCONN, NULL,
					 "cannot reach sekisho-mgmtd (%s): is it running? See "
					 "systemctl status sekisho-mgmtd",
					 "sekisho-mgmtd に接続できません (%s)。動作しているか "
					 "systemctl status sekisho-mgmtd で確認してください",
					 strerror(-fd));
	}
	r = sk_ipc_call(fd, op, args, -1, PATIENCE_MS, take, all, NULL, err);
	if (r < 0)
		json_decref(all);
	else
		*ret = all;
	return r;
}

int cli_setup_trial(const char *socket, unsigned *ret, struct sk_err *err)
{
	json_t *v = NULL;
	int r = cli_query(socket, "setup.state", json_object(), &v, err);

	if (r == 0)
		*ret = (unsigned)json_integer_value(
			json_object_get(json_array_get(v, 0), "confirm_within"));
	json_decref(v);
	return r;
}

int cli_never_set_up(const char *socket, bool *ret, struct sk_err *err)
{
	json_t *v = NULL;
	int r = cli_query(socket, "setup.state", json_object(), &v, err);

	if (r == 0)
		*ret = json_is_true(json_object_get(json_array_get(v, 0), "first"));
	json_decref(v);
	return r;
}
