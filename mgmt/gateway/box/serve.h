/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two callers of main.c: a request of the manager, and the first start with an answer file. */
#ifndef MG_GATEWAY_BOX_SERVE_H
#define MG_GATEWAY_BOX_SERVE_H

#include "lib/oneshot.h"
#include "mgmt/gateway/box/box.h"

/*
 * setup.write {uids: {"tanaka": 2001}, trial} with the document as memfd: END {trial}; people and
 * what is made of the document for this start. trial: a name (hexadecimal) that the trial has in
 * all its requests; what is kept until setup.keep is the set-up of before. false in the answer:
 * there is none; -ENODATA: it cannot be read. setup.keep {trial}, with the document: END {};
 * gateway.json, by which the gateway counts as set up; with a trial the one before is set aside.
 * setup.activate {trial}, with a document that is not kept yet, or without {recorded}: END
 * {activated}; recorded: what was set aside is forgotten. setup.revert {trial}: END {activated};
 * what was set aside is kept again, and this start is by what is kept; the trial's requests that
 * come later are -ESTALE. One of these at a time. secret.*: see secrets.h. arg is a struct mg_box.
 */
int mg_box_serve(struct sk_oneshot *s, const struct sk_oneshot_request *q, json_t **extra,
	void *arg, struct sk_err *err);

struct mg_box_first {
	const char *socket, *file; /* file NULL: looked for */
};
/* Find the answer file and have the manager set the gateway up with it. None is no error. */
int mg_box_first(const struct mg_box_first *f, struct sk_err *err);

#endif
