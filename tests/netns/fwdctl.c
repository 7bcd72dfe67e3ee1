/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bare client of sekisho-fwd for tests and benches: sends one operation, prints what comes back
 * as JSON. Documents are given finished, or as JSON from which one is built. Never installed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fw/policy/policy.h"
#include "lib/blocklist.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/util.h"

#define DAY 86400

static const char usage_text[] =
	"usage: fwdctl [--socket PATH] apply FILE [CONFIRM] | check FILE | text [FILE] | build "
	"FILE\n"
	"       | confirm GENERATION | rollback | status | counters | cut NUMBER | list NUMBER\n"
	"       | events SECONDS [no-ack] | op NAME [ARGS-JSON] | blocklist DOCUMENT\n";

/* ---- documents ---- */

/* What a test does not care to say. "expires_in": seconds from now. */
static int complete(json_t *rule)
{
	const json_t *in = json_object_get(rule, "expires_in");
	int64_t now = sk_now(), expiry = now + (in ? json_integer_value(in) : 30 * DAY);
	json_t *defaults = json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I}",
		"revision", 1, "kind", "allow", "state", "active", "applicant", "tanaka",
		"approver", "sato", "source", "any", "destination", "any", "protocol", "tcp",
		"port", "any", "purpose", "test traffic", "ticket", "T-1", "registered",
		(json_int_t)(now - 10 * DAY), "approved_at", (json_int_t)(now - DAY), "expiry",
		(json_int_t)expiry);
	int r;

	if (!defaults)
		return -ENOMEM;
	json_object_del(rule, "expires_in");
	r = json_object_update_missing(rule, defaults);
	json_decref(defaults);
	return r;
}

static int add_rules(struct fw_policy *p, const json_t *rules, struct sk_err *err)
{
	json_t *v;
	size_t i;

	json_array_foreach (rules, i, v) {
		struct fw_rule rule;
		int r = complete(v);

		if (r == 0)
			r = fw_rule_from_json(v, &rule, err);
		if (r < 0)
			return r;
		if (rule.order == 0)
			rule.order = rule.kind == FW_DENY ? 500 : 1000;
		r = fw_policy_add_rule(p, &rule, err);
		fw_rule_done(&rule);
		if (r < 0)
			return r;
	}
	return 0;
}

static const char *text(const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	return s ? s : "";
}

static int add_frame(struct fw_policy *p, const json_t *v, struct sk_err *err)
{
	const json_t *site = json_object_get(v, "site");
	json_t *item;
	size_t i;
	int r;

	p->generation = (uint64_t)json_integer_value(json_object_get(v, "generation"));
	p->created = sk_now();
	p->site.reverse_path = json_is_true(json_object_get(site, "reverse_path"));
	snprintf(p->site.name, sizeof(p->site.name), "test");
	json_array_foreach (json_object_get(site, "manage_ports"), i, item) {
		if (p->site.n_manage_ports < SK_ARRAY_SIZE(p->site.manage_ports))
			p->site.manage_ports[p->site.n_manage_ports++] =
				(uint16_t)json_integer_value(item);
	}
	item = json_object_get(v, "inspection");
	r = item ? fw_inspect_from_json(item, &p->inspect, err) : 0;
	if (r < 0)
		return r;
	item = json_object_get(json_object_get(v, "blocklist"), "enabled");
	p->blocklist = !item || json_is_true(item);
	item = json_object_get(v, "guard");
	r = item ? fw_guard_from_json(item, &p->guard, err) : 0;
	if (r < 0)
		return r;
	json_array_foreach (json_object_get(v, "zones"), i, item) {
		if (p->n_zones >= FW_ZONES_MAX)
			return -E2BIG;
		r = fw_zone_from_json(item, &p->zones[p->n_zones], err);
		if (r < 0)
			return r;
		p->n_zones++;
	}
	json_array_foreach (json_object_get(v, "objects"), i, item) {
		enum fw_object_kind kind = FW_OBJECT_ADDRESS;

		fw_object_kind_parse(text(item, "kind"), &kind);
		r = fw_policy_add_object(p, kind, text(item, "name"), text(item, "items"), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int build(const json_t *v, struct sk_buf *b, struct sk_err *err)
{
	struct fw_policy *p = fw_policy_new();
	int r;

	if (!p)
		return sk_err_nomem(err);
	r = add_frame(p, v, err);
	if (r == 0)
		r = add_rules(p, json_object_get(v, "rules"), err);
	if (r == 0)
		r = fw_policy_finish(p, err);
	if (r == 0)
		r = fw_policy_encode(p, b, err);
	fw_policy_free(p);
	return r;
}

/* A finished document begins with its format; all else is JSON to build one from. */
static int read_document(const char *path, struct sk_buf *ret, struct sk_err *err)
{
	struct sk_buf in;
	json_t *v;
	int r;

	sk_buf_init(&in, FW_POLICY_BYTES_MAX);
	sk_buf_init(ret, FW_POLICY_BYTES_MAX);
	r = sk_file_read(path, &in, err);
	if (r == 0 && memmem(in.data, SK_MIN(in.len, 4096u), "\"sekisho-policy\"", 16)) {
		*ret = in;
		return 0;
	}
	if (r == 0) {
		v = sk_json_parse(sk_buf_str(&in), in.len, err);
		r = v ? build(v, ret, err) : -EINVAL;
		json_decref(v);
	}
	sk_buf_done(&in);
	return r;
}

/* ---- operations ---- */

static int print_body(json_t *body, void *arg)
{
	const char *s = json_string_value(json_object_get(body, "text"));

	if (s)
		fputs(s, stdout);
	else
		json_dumpf(body, stdout, JSON_COMPACT);
	if (!s)
		putchar('\n');
	fflush(stdout);
	return 0;
}

static int fail(const struct sk_err *err)
{
	fprintf(stderr, "fwdctl: %d %s%s%s\n", err->code, err->path, err->path[0] ? ": " : "",
		err->en);
	return 1;
}

static int call(int fd, const char *op, json_t *args, const struct sk_buf *doc)
{
	int memfd = doc ? sk_memfd("policy", doc->data, doc->len) : -1;
	struct sk_err err = {0};
	json_t *end = NULL;
	int r = sk_ipc_call(fd, op, args, memfd, 60000, print_body, NULL, &end, &err);

	sk_closep(&memfd);
	if (r == 0 && end && strcmp(op, "policy.text") != 0)
		print_body(end, NULL);
	json_decref(end);
	if (r < 0) {
		err.code = r;
		return fail(&err);
	}
	return 0;
}

static int with_document(int fd, const char *op, const char *path, json_t *args)
{
	struct sk_err err = {0};
	struct sk_buf doc;
	int r = read_document(path, &doc, &err);

	if (r == 0) {
		r = call(fd, op, args, &doc);
	} else {
		json_decref(args);
		r = fail(&err);
	}
	sk_buf_done(&doc);
	return r;
}

static int with_blocklist(int fd, const char *path)
{
	struct sk_err err = {0};
	struct sk_buf doc;
	int r;

	sk_buf_init(&doc, SK_BL_BYTES_MAX);
	r = sk_file_read(path, &doc, &err);
	r = r < 0 ? fail(&err) : call(fd, "blocklist.apply", json_object(), &doc);
	sk_buf_done(&doc);
	return r;
}

static int print_events(int fd, const struct sk_ipc_msg *m, bool ack)
{
	json_t *e, *body;
	size_t i;
	int r = 0;

	if (m->type != SK_IPC_EVENT)
		return 0;
	json_array_foreach (json_object_get(m->body, "events"), i, e)
		print_body(e, NULL);
	if (!ack)
		return 0;
	body = json_pack("{s:O,s:O}", "instance", json_object_get(m->body, "instance"), "seq",
		json_object_get(m->body, "seq"));
	r = sk_ipc_send(fd, SK_IPC_ACK, 0, body, -1, NULL);
	json_decref(body);
	return r;
}

static int events(int fd, int seconds, bool ack)
{
	uint64_t end = sk_mono_us() + (uint64_t)seconds * 1000000;
	struct sk_err err = {0};
	struct sk_ipc_msg m;
	int r = sk_ipc_call(
		fd, "events.subscribe", json_object(), -1, 5000, NULL, NULL, NULL, &err);

	while (r >= 0 && sk_mono_us() < end) {
		r = sk_ipc_recv(fd, (int)((end - sk_mono_us()) / 1000) + 1, &m, &err);
		if (r == -ETIMEDOUT)
			return 0;
		if (r < 0)
			break;
		r = print_events(fd, &m, ack);
		sk_ipc_msg_done(&m);
	}
	return r < 0 ? fail(&err) : 0;
}

static int build_only(const char *path)
{
	struct sk_err err = {0};
	struct sk_buf doc;
	int r = read_document(path, &doc, &err);

	if (r == 0)
		fwrite(doc.data, 1, doc.len, stdout);
	else
		r = fail(&err);
	sk_buf_done(&doc);
	return r;
}

static json_t *number(const char *key, const char *s)
{
	return json_pack("{s:I}", key, (json_int_t)strtoll(s ? s : "0", NULL, 10));
}

static int run(int fd, const char *op, const char *a, const char *b)
{
	if (strcmp(op, "apply") == 0 && a)
		return with_document(fd, "policy.apply", a, number("confirm", b));
	if (strcmp(op, "check") == 0 && a)
		return with_document(fd, "policy.check", a, json_object());
	if (strcmp(op, "text") == 0 && a)
		return with_document(fd, "policy.text", a, json_object());
	if (strcmp(op, "text") == 0)
		return call(fd, "policy.text", json_object(), NULL);
	if (strcmp(op, "blocklist") == 0 && a)
		return with_blocklist(fd, a);
	if (strcmp(op, "confirm") == 0 && a)
		return call(fd, "policy.confirm", number("generation", a), NULL);
	if (strcmp(op, "rollback") == 0)
		return call(fd, "policy.rollback", json_object(), NULL);
	if (strcmp(op, "status") == 0 || strcmp(op, "counters") == 0)
		return call(fd, op, json_object(), NULL);
	if (strcmp(op, "cut") == 0 && a)
		return call(fd, "ct.cut", number("number", a), NULL);
	if (strcmp(op, "list") == 0 && a)
		return call(fd, "ct.list", number("number", a), NULL);
	if (strcmp(op, "events") == 0 && a)
		return events(fd, (int)strtol(a, NULL, 10), !b);
	if (strcmp(op, "op") == 0 && a)
		return call(fd, a, b ? sk_json_parse(b, strlen(b), NULL) : json_object(), NULL);
	fputs(usage_text, stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *path = SK_RUNDIR "/fwd.sock";
	struct sk_err err = {0};
	int fd, r;

	if (argc > 2 && strcmp(argv[1], "--socket") == 0) {
		path = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc < 2 || argc > 4) {
		fputs(usage_text, stderr);
		return 2;
	}
	if (strcmp(argv[1], "build") == 0 && argc == 3)
		return build_only(argv[2]);
	fd = sk_ipc_connect(path, &err);
	if (fd < 0)
		return fail(&err);
	r = run(fd, argv[1], argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL);
	close(fd);
	return r;
}
