// SPDX-License-Identifier: GPL-2.0-or-later
/* The first start with an answer file: it goes to the manager as root's own words would. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/gateway/box/serve.h"

#define PATIENCE_MS 120000

/*
 * A line for the console, in both languages: nobody said yet which. What is wrong in a stranger's
 * file may be part of it, and is not to do anything to the terminal.
 */
static void say(const char *en, const char *ja)
{
	char clean[2][4 * 1200];

	printf("sekisho: %s\nsekisho: %s\n", sk_escape(clean[0], sizeof(clean[0]), en, strlen(en)),
		sk_escape(clean[1], sizeof(clean[1]), ja, strlen(ja)));
	fflush(stdout);
}

static int ask(const char *socket, const struct sk_buf *answers, bool *ret_sent, struct sk_err *err)
{
	_cleanup_(sk_closep) int file = sk_memfd("answers", sk_buf_str(answers), answers->len);
	_cleanup_(sk_closep) int fd = sk_ipc_connect(socket, err);

	if (file < 0)
		return sk_err_nomem(err);
	if (fd < 0)
		return fd;
	*ret_sent = true;
	return sk_ipc_call(fd, "setup.apply", json_pack("{s:s}", "document", "answers"), file,
		PATIENCE_MS, NULL, NULL, NULL, err);
}

/* The audit log is the manager's: it is told what never came as far as a request. */
static void record(const char *socket, const char *where, const struct sk_err *why)
{
	_cleanup_(sk_closep) int fd = sk_ipc_connect(socket, NULL);
	char text[sizeof(why->path) + sizeof(why->en) + 4];

	snprintf(text, sizeof(text), "%s%s%s", why->path, why->path[0] ? ": " : "", why->en);
	if (fd >= 0)
		sk_ipc_call(fd, "setup.failed",
			json_pack("{s:s, s:s}", "where", where, "why", text), -1, PATIENCE_MS, NULL,
			NULL, NULL, NULL);
}

int mg_box_first(const struct mg_box_first *f, struct sk_err *err)
{
	char where[600] = "", en[1000], ja[1200];
	struct sk_buf b;
	bool sent = false;
	int r;

	sk_buf_init(&b, MG_GW_BYTES_MAX);
	if (f->file) {
		snprintf(where, sizeof(where), "%s", f->file);
		r = sk_file_read(f->file, &b, err);
	} else {
		r = mg_box_answers(&b, where, sizeof(where), err);
	}
	if (r == -ENOENT && !f->file) {
		sk_buf_done(&b);
		say("not set up yet: sign in at the console menu, or start with an answer file",
			"未設定です。コンソールのメニューから設定するか、応答ファイルを用意して起動"
			"してください");
		return 0;
	}
	if (r == 0)
		r = ask(f->socket, &b, &sent, err);
	if (b.data)
		explicit_bzero(b.data, b.len);
	sk_buf_done(&b);
	if (r < 0) {
		if (!sent)
			record(f->socket, where, err);
		/* What the manager did it says itself. */
		snprintf(en, sizeof(en), "set-up from %s FAILED%s: %s%s%s", where,
			sent ? "" : ", nothing was changed", err->path, err->path[0] ? ": " : "",
			err->en);
		snprintf(ja, sizeof(ja), "%s による設定に失敗しました%s: %s%s%s", where,
			sent ? "" : "(変更なし)", err->path, err->path[0] ? ": " : "",
			sk_err_text(err, SK_JA));
		say(en, ja);
		return r;
	}
	snprintf(en, sizeof(en), "set-up from %s is complete", where);
	snprintf(ja, sizeof(ja), "%s による設定が完了しました", where);
	say(en, ja);
	return 0;
}
