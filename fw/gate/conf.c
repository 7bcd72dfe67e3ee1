/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gate's ports as JSON and back; see conf.h. Pure. */
#include "fw/gate/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"

static const char *const modes[] = {
	[FW_GATE_OFF] = "off", [FW_GATE_OBSERVE] = "observe", [FW_GATE_ENFORCE] = "enforce"};

const char *fw_gate_mode_name(enum fw_gate_mode m)
{
	return modes[m];
}

bool fw_gate_name_ok(const char *name)
{
	size_t n = strnlen(name, IFNAMSIZ);

	if (n == 0 || n >= IFNAMSIZ || sk_streq(name, ".") || sk_streq(name, ".."))
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] <= ' ' || name[i] > '~' || strchr("/:\"\\", name[i]))
			return false;
	return true;
}

static int mode_of(const char *s, enum fw_gate_mode *ret, struct sk_err *err)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(modes); i++) {
		if (!sk_streq(s, modes[i]))
			continue;
		*ret = (enum fw_gate_mode)i;
		return 0;
	}
	return sk_err_set(err, -EINVAL, "mode", "must be off, observe or enforce",
		"off、observe、enforce のいずれかです");
}

static int name_of(const char *s, char ret[IFNAMSIZ], struct sk_err *err)
{
	if (!fw_gate_name_ok(s))
		return sk_err_set(err, -EINVAL, "name", "not an interface name",
			"インターフェース名ではありません");
	memset(ret, 0, IFNAMSIZ);
	memcpy(ret, s, strlen(s));
	return 0;
}

static int port_from_json(const json_t *v, struct fw_gate_port *ret, struct sk_err *err)
{
	static const char *const keys[] = {
		"name", "mode", "quarantine", "page_port", "eapol", NULL};
	const char *name = NULL, *mode = NULL;
	struct fw_gate_port p = {0};
	int64_t page = 0;
	int r;

	if (!json_is_object(v))
		return sk_err_set(err, -EINVAL, NULL, "must be an object", "オブジェクトです");
	if ((r = sk_json_only(v, keys, err)) < 0 ||
		(r = sk_json_str(v, "name", true, &name, err)) < 0 ||
		(r = sk_json_str(v, "mode", true, &mode, err)) < 0 ||
		(r = sk_json_bool(v, "quarantine", false, &p.quarantine, err)) < 0 ||
		(r = sk_json_bool(v, "eapol", false, &p.eapol, err)) < 0 ||
		(r = sk_json_int(v, "page_port", false, &page, err)) < 0 ||
		(r = name_of(name, p.name, err)) < 0 || (r = mode_of(mode, &p.mode, err)) < 0)
		return r;
	if (page < 0 || page > UINT16_MAX)
		return sk_err_set(
			err, -ERANGE, "page_port", "must be 0 to 65535", "0から65535までです");
	p.page_port = (uint16_t)page;
	*ret = p;
	return 0;
}

static int cmp(const void *a, const void *b)
{
	const struct fw_gate_port *x = a, *y = b;

	return memcmp(x->name, y->name, IFNAMSIZ);
}

uint16_t fw_gate_conf_page(const struct fw_gate_conf *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->ports[i].quarantine && c->ports[i].page_port)
			return c->ports[i].page_port;
	return 0;
}

/* The packet tells only that it is for the page: there can be but one. */
static int check(const struct fw_gate_conf *c, struct sk_err *err)
{
	const uint16_t page = fw_gate_conf_page(c);

	for (size_t i = 0; i < c->n; i++) {
		const struct fw_gate_port *p = &c->ports[i];

		if (i > 0 && cmp(p - 1, p) == 0)
			return sk_err_set(err, -EEXIST, "ports", "port %s stands twice",
				"ポート %s が重複しています", p->name);
		if (p->quarantine && p->page_port && p->page_port != page)
			return sk_err_set(err, -EINVAL, "ports",
				"port %s: page_port must be the same on all ports",
				"ポート %s: page_port は全ポートで同じ値です", p->name);
	}
	return 0;
}

int fw_gate_conf_from_json(const json_t *v, struct fw_gate_conf *ret, struct sk_err *err)
{
	static const char *const keys[] = {"generation", "ports", NULL};
	struct fw_gate_conf *c;
	int64_t generation = 0;
	json_t *ports = NULL;
	int r;

	if ((r = sk_json_only(v, keys, err)) < 0 ||
		(r = sk_json_int(v, "generation", true, &generation, err)) < 0 ||
		(r = sk_json_array(v, "ports", true, &ports, err)) < 0)
		return r;
	if (generation < 0)
		return sk_err_set(err, -ERANGE, "generation", "must not be negative", "負の値です");
	if (json_array_size(ports) > FW_GATE_PORTS_MAX)
		return sk_err_set(err, -E2BIG, "ports", "at most %u ports", "ポートは%u個までです",
			(unsigned)FW_GATE_PORTS_MAX);
	c = calloc(1, sizeof(*c));
	if (!c)
		return sk_err_nomem(err);
	c->generation = (uint64_t)generation;
	for (size_t i = 0; i < json_array_size(ports) && r == 0; i++) {
		r = port_from_json(json_array_get(ports, i), &c->ports[c->n++], err);
		if (r < 0)
			sk_err_prefix(err, "ports[%zu]", i);
	}
	if (r == 0) {
		qsort(c->ports, c->n, sizeof(c->ports[0]), cmp);
		r = check(c, err);
	}
	if (r == 0)
		*ret = *c;
	free(c);
	return r;
}

json_t *fw_gate_conf_to_json(const struct fw_gate_conf *c)
{
	json_t *ports = json_array();

	for (size_t i = 0; ports && i < c->n; i++) {
		const struct fw_gate_port *p = &c->ports[i];
		json_t *v = json_pack("{s:s,s:s,s:b,s:i,s:b}", "name", p->name, "mode",
			fw_gate_mode_name(p->mode), "quarantine", p->quarantine, "page_port",
			(int)p->page_port, "eapol", p->eapol);

		if (!v || json_array_append_new(ports, v) < 0) {
			json_decref(ports);
			return NULL;
		}
	}
	return ports
		? json_pack("{s:I,s:o}", "generation", (json_int_t)c->generation, "ports", ports)
		: NULL;
}

const struct fw_gate_port *fw_gate_conf_find(const struct fw_gate_conf *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (strncmp(c->ports[i].name, name, IFNAMSIZ) == 0)
			return &c->ports[i];
	return NULL;
}
