// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests of the manager. It has checked the document and who asks; it is checked here again. */
#include <errno.h>
#include <string.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/gateway/box/secrets.h"
#include "mgmt/gateway/box/serve.h"

static int read_document(int fd, json_t **ret, struct sk_err *err)
{
	struct sk_buf b;
	int r;

	if (fd < 0)
		return sk_err_en(err, -EINVAL, NULL, "the document did not come along");
	sk_buf_init(&b, MG_GW_BYTES_MAX);
	r = sk_fd_read(fd, &b, err);
	if (r == 0) {
		*ret = sk_json_parse(sk_buf_str(&b), b.len, err);
		r = *ret ? 0 : -EINVAL;
	}
	if (b.data)
		explicit_bzero(b.data, b.len);
	sk_buf_done(&b);
	return r;
}

static int people(const struct mg_box *box, const struct mg_gateway *g, const json_t *uids,
	struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_box_person *v = calloc(MG_GW_PEOPLE_MAX, sizeof(*v));
	int r = 0;

	if (!v)
		return sk_err_nomem(err);
	for (size_t i = 0; r == 0 && i < g->n_people; i++) {
		const struct mg_gw_person *p = &g->people[i];
		int64_t uid = 0;

		r = sk_json_int(uids, p->name, true, &uid, err);
		if (r == 0 && (uid < 1000 || uid > 65533))
			r = sk_err_en(err, -EINVAL, "uids", "%s: %lld is no person's uid", p->name,
				(long long)uid);
		if (r == 0 && p->password[0])
			r = mg_box_hash(p->password, v[i].hash, sizeof(v[i].hash), err);
		snprintf(v[i].name, sizeof(v[i].name), "%.31s", p->name);
		snprintf(v[i].display, sizeof(v[i].display), "%s", p->display);
		v[i].uid = (unsigned)uid;
	}
	return r == 0 && g->n_people ? mg_box_people_set(box, v, g->n_people, err) : r;
}

/* The line's password stays where nobody gave a new one. */
static void keep_secret(const struct mg_box *box, struct mg_gateway *g)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *old = NULL;
	struct mg_gw_net *wan = &g->nets[MG_GW_WAN];

	if (!wan->pppoe_password[0] && mg_box_load(box, &old, NULL, NULL) == 0)
		snprintf(wan->pppoe_password, sizeof(wan->pppoe_password), "%s",
			old->nets[MG_GW_WAN].pppoe_password);
}

static int write_all(
	const struct mg_box *box, const struct sk_oneshot_request *q, struct sk_err *err)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;
	_cleanup_(sk_json_decrefp) json_t *doc = NULL;
	struct mg_gw_iface ifaces[MG_BOX_IFACES_MAX];
	json_t *uids = NULL;
	size_t n = 0;
	int r = read_document(q->memfd, &doc, err);

	if (r == 0)
		r = sk_json_object(q->args, "uids", true, &uids, err);
	if (r == 0)
		r = mg_gateway_parse(doc, &g, err);
	if (r == 0)
		r = mg_box_ifaces(ifaces, MG_BOX_IFACES_MAX, &n, err);
	if (r == 0)
		r = mg_gateway_resolve(g, ifaces, n, err);
	if (r == 0)
		r = mg_box_zone(g->timezone, err);
	if (r < 0)
		return r;
	keep_secret(box, g);
	/* gateway.json last: with it the gateway counts as set up. */
	if ((r = people(box, g, uids, err)) < 0 || (r = mg_box_identity(box, g, err)) < 0 ||
		(r = mg_box_generate(box, g, err)) < 0)
		return r;
	return mg_box_save(box, doc, g, err);
}

static int activate(const struct mg_box *box, json_t **extra, struct sk_err *err)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;
	int r = mg_box_load(box, &g, NULL, err);

	if (r == 0)
		r = mg_box_activate(g, err);
	*extra = json_pack("{s:b}", "activated", r == 0);
	return r;
}

int mg_box_serve(struct sk_oneshot *s, const struct sk_oneshot_request *q, json_t **extra,
	void *arg, struct sk_err *err)
{
	const struct mg_box *box = arg;

	if (strcmp(q->op, "setup.write") == 0)
		return write_all(box, q, err);
	if (strcmp(q->op, "setup.activate") == 0)
		return activate(box, extra, err);
	return mg_box_secret(box, q, extra, err);
}
