/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions on a plain terminal, in both languages: what `sekisho setup` and `sekisho console` ask.
 * Input may be a pipe; at its end every question fails with -EPIPE.
 */
#ifndef MG_CLI_WIZARD_H
#define MG_CLI_WIZARD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "lib/err.h"
#include "mgmt/gateway/gateway.h"

struct wiz {
	int fd; /* answers */
	FILE *out;
	enum sk_lang lang;
	bool screen; /* of the machine itself, with its keyboard */
};

void wiz_say(struct wiz *w, const char *en, const char *ja, ...)
	__attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* What is wrong, on a line of its own; it may repeat what a stranger wrote. */
void wiz_fault(struct wiz *w, const char *indent, const struct sk_err *err);
/* A line without its end; "" for an empty one. */
int wiz_line(struct wiz *w, char *dst, size_t cap);
/* Enter takes def (may be NULL or "": then something must be typed, unless empty is allowed). */
int wiz_text(struct wiz *w, const struct sk_text *q, const char *def, char *dst, size_t cap);
int wiz_password(struct wiz *w, const struct sk_text *q, char *dst, size_t cap); /* no echo */
/* One that is good enough for name, typed twice. */
int wiz_new_password(struct wiz *w, const char *name, char *dst, size_t cap);
/* A number from 1; the index, or -EPIPE. */
int wiz_choice(struct wiz *w, const struct sk_text *q, const struct sk_text *v, int n, int def);
int wiz_yes(struct wiz *w, const struct sk_text *q, bool def); /* 0 or 1 */
/* 0 or 1; -ETIMEDOUT: no answer within so many seconds. There is no default. */
int wiz_yes_within(struct wiz *w, const struct sk_text *q, unsigned seconds);
/* An address of the family, with its prefix or without. */
int wiz_address(struct wiz *w, const struct sk_text *q, const char *def, int family, bool prefix,
	char *dst);
#define WIZ_ADDRESS 64

/*
 * Ports to roles: a cable that is plugged in chooses a port, or its number does. Into "ports" of
 * doc; links are brought up to see carriers, if the caller may.
 */
int wiz_ports(struct wiz *w, json_t *doc, struct sk_err *err);

/*
 * The whole of it: doc (an object, {} for a new gateway) has the defaults and takes the answers;
 * first: people are asked for, too. -ECANCELED: not confirmed.
 */
int wiz_setup(struct wiz *w, json_t *doc, bool first, struct sk_err *err);

#endif
