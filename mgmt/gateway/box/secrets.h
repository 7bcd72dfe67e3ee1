/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of secrets: root's own, written here, read by other programs through the service manager.
 */
#ifndef MG_GATEWAY_BOX_SECRETS_H
#define MG_GATEWAY_BOX_SECRETS_H

#include "lib/oneshot.h"
#include "mgmt/gateway/box/box.h"

/*
 * secret.list {}: END {secrets: [{secret, file, since, names}]}. secret.write {secret, add} with
 * the content as memfd: END {names, manager, added, changed, removed}, the last three whose;
 * without any name in it the file is removed. secret.remove {secret, names}: likewise; -ENOENT: one
 * of them is not there. secret.activate {secret}: END {activated}, the jobs are queued. manager:
 * the service manager can be reached.
 */
int mg_box_secret(const struct mg_box *b, const struct sk_oneshot_request *q, json_t **extra,
	struct sk_err *err);

#endif
