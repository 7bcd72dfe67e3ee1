// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests of the manager. It has checked the document and who asks; it is checked here again. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

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
	if (r == 0)
		r = mg_box_people_check(box, v, g->n_people, err);
	return r == 0 && g->n_people ? mg_box_people_set(box, v, g->n_people, err) : r;
}

/* The line's password stays where nobody gave a new one; it is that user's, and no other's. */
static int keep_secret(const struct mg_box *box, struct mg_gateway *g, struct sk_err *err)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *old = NULL;
	struct mg_gw_net *wan = &g->nets[MG_GW_WAN];

	if (wan->ip4.method != MG_GW_PPPOE || wan->pppoe_password[0])
		return 0;
	if (mg_box_load(box, &old, NULL, NULL) == 0 &&
		strcmp(old->nets[MG_GW_WAN].pppoe_user, wan->pppoe_user) == 0)
		snprintf(wan->pppoe_password, sizeof(wan->pppoe_password), "%s",
			old->nets[MG_GW_WAN].pppoe_password);
	return wan->pppoe_password[0] ? 0
				      : sk_err_set(err, -ENOENT, "networks[wan].pppoe.password",
						"is missing: no password of this user is kept",
						"指定してください(この利用者のパスワードは保存さ"
						"れていません)");
}

/* The document of the request, with its ports and the line's password. */
static int take(const struct mg_box *box, const struct sk_oneshot_request *q, json_t **doc,
	struct mg_gateway **g, struct sk_err *err)
{
	struct mg_gw_iface ifaces[MG_BOX_IFACES_MAX];
	size_t n = 0;
	int r = read_document(q->memfd, doc, err);

	if (r == 0)
		r = mg_gateway_parse(*doc, g, err);
	if (r == 0)
		r = mg_box_ifaces(ifaces, MG_BOX_IFACES_MAX, &n, err);
	if (r == 0)
		r = mg_gateway_resolve(*g, ifaces, n, err);
	if (r == 0)
		r = mg_box_zone((*g)->timezone, err);
	return r == 0 ? keep_secret(box, *g, err) : r;
}

/* ---- on trial ---------------------------------------------------------------------------------
 */
/* *ret: the trial that the request belongs to, borrowed; NULL: to none. */
static int trial_of(const struct sk_oneshot_request *q, const char **ret, struct sk_err *err)
{
	int r = sk_json_str(q->args, "trial", false, ret, err);

	if (r == 0 && *ret &&
		(!**ret || strlen(*ret) >= MG_BOX_TRIAL_ID ||
			strspn(*ret, "0123456789abcdef") != strlen(*ret)))
		return sk_err_en(err, -EINVAL, "trial", "is no name of a trial");
	return r;
}

/* Whoever asked for this gave it up, and has had the settings of before returned since. */
static int not_over(const struct mg_box *box, const char *id, struct sk_err *err)
{
	char last[MG_BOX_TRIAL_ID];

	if (!id || mg_box_turn(box, last) != MG_BOX_BACK || strcmp(last, id) != 0)
		return 0;
	return sk_err_set(err, -ESTALE, NULL, "this set-up was taken back meanwhile",
		"この設定は既に取り消されました");
}

/* Is there something to return to? What cannot be read is no reason to make a trial final. */
static int any_before(const struct mg_box *box, bool *ret, struct sk_err *err)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *old = NULL;
	struct sk_err why = {0};
	char path[512];
	int r;

	mg_box_path(box, MG_BOX_GATEWAY, path, sizeof(path));
	*ret = access(path, F_OK) == 0 || errno != ENOENT;
	r = *ret ? mg_box_load(box, &old, NULL, &why) : 0;
	if (r == 0)
		return 0;
	return sk_err_set(err, -ENODATA, NULL,
		"the settings of before cannot be read, so there is nothing that a trial could "
		"return to: --confirm 0 sets up without one (%s%s%s)",
		"以前の設定を読み取れないため、試行しても戻せません。--confirm 0 "
		"を付けると試行せず確定します (%s%s%s)",
		why.path, why.path[0] ? ": " : "", why.en);
}

static int begin(const struct mg_box *box, const char *id, const json_t *doc,
	const struct mg_gateway *g, struct sk_err *err)
{
	/* An earlier trial is over: nobody needs what it set aside. */
	int r = mg_box_aside_forget(box, err);

	if (r == 0 && id)
		r = mg_box_turn_set(box, id, MG_BOX_ON, err);
	return r == 0 ? mg_box_trial(box, id ? doc : NULL, g, err) : r;
}

/* ---- requests ---------------------------------------------------------------------------------
 */

static int write_all(const struct mg_box *box, const struct sk_oneshot_request *q, json_t **extra,
	struct sk_err *err)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;
	_cleanup_(sk_json_decrefp) json_t *doc = NULL;
	const char *id = NULL;
	json_t *uids = NULL;
	bool any = false;
	int r = sk_json_object(q->args, "uids", true, &uids, err);

	if (r == 0)
		r = trial_of(q, &id, err);
	if (r == 0)
		r = not_over(box, id, err);
	if (r == 0 && id)
		r = any_before(box, &any, err);
	if (r == 0)
		r = take(box, q, &doc, &g, err);
	if (r == 0)
		r = people(box, g, uids, err);
	if (r == 0)
		r = begin(box, any ? id : NULL, doc, g, err);
	if (r == 0)
		r = mg_box_identity(box, g, err);
	*extra = json_pack("{s:b}", "trial", any);
	return r == 0 ? mg_box_generate(box, g, err) : r;
}

static int keep(const struct mg_box *box, const struct sk_oneshot_request *q, struct sk_err *err)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;
	_cleanup_(sk_json_decrefp) json_t *doc = NULL;
	const char *id = NULL;
	int r = trial_of(q, &id, err);

	if (r == 0)
		r = not_over(box, id, err);
	if (r == 0)
		r = take(box, q, &doc, &g, err);
	if (r == 0 && id)
		r = mg_box_aside(box, id, err);
	if (r == 0)
		r = mg_box_save(box, doc, g, err);
	if (r == 0 && id)
		r = mg_box_turn_set(box, id, MG_BOX_KEPT, err);
	return r == 0 ? mg_box_trial(box, NULL, g, err) : r;
}

/* The configurations of this start, as at its beginning: the cards may have other names now. */
static int make_again(const struct mg_box *box, struct mg_gateway *g, struct sk_err *err)
{
	enum mg_gw_fit fit[MG_GW_PORTS_MAX] = {MG_GW_FITS};
	int r = mg_box_trial(box, NULL, g, err);

	if (r == 0)
		r = mg_box_identity(box, g, err);
	if (r < 0)
		return r;
	mg_box_fit(g, fit);
	mg_box_fit_say(g, fit);
	return mg_box_generate(box, g, err);
}

/* What was kept before counts again; services that cannot be told take it up at their next start.
 */
static int revert(const struct mg_box *box, const struct sk_oneshot_request *q, json_t **extra,
	struct sk_err *err)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;
	char last[MG_BOX_TRIAL_ID];
	struct sk_err later = {0};
	const char *id = NULL;
	int r = trial_of(q, &id, err);

	if (r < 0)
		return r;
	/* Late: it was asked for again, and another set-up is on trial since. */
	if (id && mg_box_turn(box, last) == MG_BOX_ON && strcmp(last, id) != 0)
		return 0;
	if (id)
		r = mg_box_turn_set(box, id, MG_BOX_BACK, err);
	if (r == 0 && id)
		r = mg_box_aside_restore(box, id, err);
	if (r == 0)
		r = mg_box_load(box, &g, NULL, err);
	if (r == 0)
		r = make_again(box, g, err);
	if (r < 0)
		return r;
	r = mg_box_activate(g, &later);
	if (r < 0)
		sk_log_err(LOG_WARNING, "set-up", &later);
	*extra = json_pack("{s:b}", "activated", r == 0);
	return 0;
}

/* What comes along, as it is not kept yet; otherwise what is kept. */
static int activate(const struct mg_box *box, const struct sk_oneshot_request *q, json_t **extra,
	struct sk_err *err)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;
	_cleanup_(sk_json_decrefp) json_t *doc = NULL;
	const char *id = NULL;
	int r = trial_of(q, &id, err);

	if (r == 0)
		r = not_over(box, id, err);
	if (r == 0)
		r = q->memfd >= 0 ? take(box, q, &doc, &g, err) : mg_box_load(box, &g, NULL, err);
	/* It is recorded: nothing returns any more. */
	if (r == 0 && json_is_true(json_object_get(q->args, "recorded")))
		r = mg_box_aside_forget(box, err);
	if (r == 0)
		r = mg_box_activate(g, err);
	*extra = json_pack("{s:b}", "activated", r == 0);
	return r;
}

static int serve(const struct mg_box *box, const struct sk_oneshot_request *q, json_t **extra,
	struct sk_err *err)
{
	if (strcmp(q->op, "setup.write") == 0)
		return write_all(box, q, extra, err);
	if (strcmp(q->op, "setup.keep") == 0)
		return keep(box, q, err);
	if (strcmp(q->op, "setup.activate") == 0)
		return activate(box, q, extra, err);
	if (strcmp(q->op, "setup.revert") == 0)
		return revert(box, q, extra, err);
	return sk_oneshot_unknown(err);
}

int mg_box_serve(struct sk_oneshot *s, const struct sk_oneshot_request *q, json_t **extra,
	void *arg, struct sk_err *err)
{
	_cleanup_(sk_closep) int lock = -1;
	const struct mg_box *box = arg;

	if (strncmp(q->op, "setup.", 6) != 0)
		return mg_box_secret(box, q, extra, err);
	lock = mg_box_lock(box, err);
	return lock < 0 ? lock : serve(box, q, extra, err);
}
