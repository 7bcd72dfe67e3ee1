/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One object, shared by object.c (the table) and resolve.c (following names). Only for them. */
#ifndef FW_OBJECT_IMPL_H
#define FW_OBJECT_IMPL_H

#include "fw/registry/object.h"

enum fw_object_state {
	FW_OBJECT_OPEN,      /* addrs and svcs hold the literal items only */
	FW_OBJECT_RESOLVING, /* on the path from the root: meeting it again is a loop */
	FW_OBJECT_RESOLVED,  /* addrs or svcs are complete */
};

struct fw_object {
	enum fw_object_kind kind;
	enum fw_object_state state;
	int depth; /* once resolved: 1 without references */
	char *name, *items;
	char **refs;
	size_t n_refs, cap_refs;
	struct fw_addrs addrs;
	struct fw_svcs svcs;
};

struct fw_object *fw_object_find(
	const struct fw_objects *o, enum fw_object_kind kind, const char *name);

#endif
