/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Given to cppcheck before each file: loops, lists and names from headers it does not read or from
 * the Makefile, in short.
 * Never compiled.
 */
#ifndef SK_LINT_CPPCHECK_H
#define SK_LINT_CPPCHECK_H

#define json_array_foreach(a, i, v)                                                                \
	for ((i) = 0; (i) < json_array_size(a) && ((v) = json_array_get(a, i)); (i)++)
#define json_object_foreach(o, k, v)                                                               \
	for ((k) = json_key(o); (k) && ((v) = json_value(k)); (k) = json_next(o, k))
#define TAILQ_HEAD(head, type)                                                                     \
	struct head {                                                                              \
		struct type *first;                                                                \
	}
#define LIST_HEAD(head, type)                                                                      \
	struct head {                                                                              \
		struct type *first;                                                                \
	}
#define TAILQ_ENTRY(type) struct type *
#define LIST_ENTRY(type) struct type *
#define LIST_FOREACH(v, head, field) for ((v) = (head)->first; (v); (v) = (v)->field)
#define TAILQ_FOREACH(v, head, field) for ((v) = (head)->first; (v); (v) = (v)->field)

#define JSON_INTEGER_FORMAT "lld"
#define SK_VERSION "0"
#define SK_SYSCONFDIR "/etc/sekisho"
#define SK_STATEDIR "/var/lib/sekisho"
#define SK_RUNDIR "/run/sekisho"
#define SK_DATADIR "/usr/share/sekisho"

#endif
