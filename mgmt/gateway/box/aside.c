// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a trial leaves while it lasts: the settings of before, on disk from the moment that others
 * are kept until the registry has recorded them; and, for this start, whose turn it is. Requests
 * are processes of their own, and one that was given up may still be at work.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/gateway/box/box.h"

#define ASIDE SK_SYSCONFDIR "/gateway.json.before"
#define SETUP "/run/sekisho-setup"
#define LOCK SETUP "/lock"
#define TURN SETUP "/turn"
#define ASIDE_MAX (2 * MG_GW_BYTES_MAX) /* indented once more, and what is beside it */

static const char *const turns[] = {"none", "on", "kept", "back"};

/* ---- of before --------------------------------------------------------------------------------
 */
/* {trial, settings, password}; NULL: nothing was set aside, or by another trial. */
static json_t *load(const struct mg_box *b, const char *id)
{
	char path[512];
	struct sk_buf s;
	json_t *v = NULL;

	sk_buf_init(&s, ASIDE_MAX);
	if (sk_file_read(mg_box_path(b, ASIDE, path, sizeof(path)), &s, NULL) == 0)
		v = sk_json_parse(sk_buf_str(&s), s.len, NULL);
	if (s.data)
		explicit_bzero(s.data, s.len);
	sk_buf_done(&s);
	if (v && sk_streq(json_string_value(json_object_get(v, "trial")), id))
		return v;
	json_decref(v);
	return NULL;
}

static int store(const struct mg_box *b, const json_t *v, struct sk_err *err)
{
	char path[512], *text = json_dumps(v, JSON_INDENT(1));
	int r;

	if (!text)
		return sk_err_nomem(err);
	r = sk_file_replace(
		mg_box_path(b, ASIDE, path, sizeof(path)), text, strlen(text), 0600, err);
	explicit_bzero(text, strlen(text));
	free(text);
	return r;
}

int mg_box_aside(const struct mg_box *b, const char *id, struct sk_err *err)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *old = NULL;
	_cleanup_(sk_json_decrefp) json_t *doc = NULL;
	_cleanup_(sk_json_decrefp) json_t *v = load(b, id);
	int r;

	/* Kept once, and not recorded: what is kept now is not what was before. */
	if (v)
		return 0;
	r = mg_box_load(b, &old, &doc, err);
	if (r < 0)
		return r;
	v = json_pack("{s:s, s:O, s:s}", "trial", id, "settings", doc, "password",
		old->nets[MG_GW_WAN].pppoe_password);
	return v ? store(b, v, err) : sk_err_nomem(err);
}

int mg_box_aside_restore(const struct mg_box *b, const char *id, struct sk_err *err)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;
	_cleanup_(sk_json_decrefp) json_t *v = load(b, id);
	const char *password = json_string_value(json_object_get(v, "password"));
	json_t *doc = json_object_get(v, "settings");
	int r;

	if (!v)
		return 0;
	r = mg_gateway_parse(doc, &g, err);
	if (r < 0)
		return r;
	snprintf(g->nets[MG_GW_WAN].pppoe_password, sizeof(g->nets[MG_GW_WAN].pppoe_password), "%s",
		password ? password : "");
	r = mg_box_save(b, doc, g, err);
	return r == 0 ? mg_box_aside_forget(b, err) : r;
}

int mg_box_aside_forget(const struct mg_box *b, struct sk_err *err)
{
	char path[512];

	return sk_file_remove(mg_box_path(b, ASIDE, path, sizeof(path)), err);
}

/* ---- whose turn -------------------------------------------------------------------------------
 */
int mg_box_lock(const struct mg_box *b, struct sk_err *err)
{
	char path[512];
	int fd, r = sk_mkdir_p(mg_box_path(b, SETUP, path, sizeof(path)), 0755, err);

	if (r < 0)
		return r;
	chmod(path, 0755); /* others read there, whatever the umask */
	fd = open(mg_box_path(b, LOCK, path, sizeof(path)), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	r = -errno;
	sk_closep(&fd);
	return sk_err_en(err, r, NULL, "%s: %s", path, strerror(-r));
}

int mg_box_turn_set(
	const struct mg_box *b, const char *id, enum mg_box_turn turn, struct sk_err *err)
{
	char path[512], text[64];
	const int n = snprintf(text, sizeof(text), "%s %s\n", turns[turn], id);

	return sk_file_replace(
		mg_box_path(b, TURN, path, sizeof(path)), text, (size_t)n, 0600, err);
}

enum mg_box_turn mg_box_turn(const struct mg_box *b, char ret_id[static MG_BOX_TRIAL_ID])
{
	enum mg_box_turn turn = MG_BOX_NONE;
	char path[512], word[8] = "";
	struct sk_buf s;

	ret_id[0] = '\0';
	sk_buf_init(&s, 256);
	if (sk_file_read(mg_box_path(b, TURN, path, sizeof(path)), &s, NULL) == 0 &&
		sscanf(sk_buf_str(&s), "%7s %32s", word, ret_id) == 2)
		for (size_t i = 0; i < SK_ARRAY_SIZE(turns); i++)
			if (strcmp(word, turns[i]) == 0)
				turn = (enum mg_box_turn)i;
	sk_buf_done(&s);
	return turn;
}
