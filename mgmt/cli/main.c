// SPDX-License-Identifier: GPL-2.0-or-later
/* sekisho: one command, asked of sekisho-mgmtd over its socket. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/cli/cli.h"
#include "mgmt/cli/console.h"
#include "mgmt/cli/query.h"
#include "mgmt/cli/wizard.h"

#define TEXT_MAX (4u << 20)

static void complain(const struct sk_err *err, enum sk_lang lang)
{
	char path[sizeof(err->path) * 4], text[sizeof(err->ja) * 4];
	const char *s = sk_err_text(err, lang);

	sk_escape(path, sizeof(path), err->path, strlen(err->path));
	sk_escape(text, sizeof(text), s, strlen(s));
	fprintf(stderr, "sekisho: %s%s%s\n", path, path[0] ? ": " : "", text);
}

static int put_out(struct sk_buf *b)
{
	int r = sk_buf_error(b) || fwrite(sk_buf_str(b), 1, b->len, stdout) != b->len ||
			fflush(stdout) == EOF
		? 1
		: 0;

	sk_buf_done(b);
	return r;
}

static int usage_error(const struct sk_err *err, enum sk_lang lang)
{
	complain(err, lang);
	return 2;
}

/* `sekisho rule`, `sekisho` alone: what could follow, as an error. */
static int incomplete(const struct cli_call *c, const struct cli_opts *o)
{
	struct sk_buf b;
	int fd = o->help ? STDOUT_FILENO : STDERR_FILENO;

	sk_buf_init(&b, TEXT_MAX);
	if (c->group)
		cli_help_group(&b, c->group, o->lang);
	else
		cli_help_all(&b, o->lang);
	dprintf(fd, "%s", sk_buf_str(&b));
	sk_buf_done(&b);
	return o->help ? 0 : 2;
}

static int help_of(const json_t *words, const struct cli_opts *o)
{
	struct sk_buf op, b;
	const struct mg_command *c;
	struct sk_err err = {0};
	char near[64], typed[128];
	bool found = true;

	sk_buf_init(&op, 1024);
	for (size_t i = 0; i < json_array_size(words); i++)
		sk_buf_printf(
			&op, "%s%s", i ? "." : "", json_string_value(json_array_get(words, i)));
	sk_buf_init(&b, TEXT_MAX);
	c = mg_command_find(sk_buf_str(&op));
	if (!op.len)
		cli_help_all(&b, o->lang);
	else if (c)
		cli_help_command(&b, c, o->lang);
	else
		found = cli_help_group(&b, sk_buf_str(&op), o->lang);
	cli_words(sk_buf_str(&op), typed, sizeof(typed));
	sk_buf_done(&op);
	if (found)
		return put_out(&b);
	sk_buf_done(&b);
	if (cli_suggest(typed, near, sizeof(near)))
		sk_err_set(&err, -EINVAL, NULL, "there is no command \"%s\"; did you mean \"%s\"?",
			"「%s」というコマンドはありません。「%s」ですか?", typed, near);
	else
		sk_err_set(&err, -EINVAL, NULL, "there is no command \"%s\"",
			"「%s」というコマンドはありません", typed);
	return usage_error(&err, o->lang);
}

static int setup(const struct cli_call *c, const struct cli_opts *o);

static int local(const struct cli_call *c, const struct cli_opts *o)
{
	const char *what = json_string_value(json_object_get(c->args, "what"));
	struct sk_buf b;

	if (!strcmp(c->cmd->op, "setup"))
		return setup(c, o);
	if (!strcmp(c->cmd->op, "console"))
		return cli_console(o->lang, o->socket);
	if (!strcmp(c->cmd->op, "help"))
		return help_of(json_object_get(c->args, "command"), o);
	sk_buf_init(&b, TEXT_MAX);
	if (!strcmp(c->cmd->op, "version"))
		sk_buf_printf(&b,
			o->format == CLI_JSON ? "{\"version\": \"%s\"}\n" : "sekisho %s\n",
			SK_VERSION);
	else if (!strcmp(c->cmd->op, "completion") || (what && !strcmp(what, "completion")))
		cli_completion(&b);
	else
		cli_man(&b);
	return put_out(&b);
}

static int remote(const struct cli_call *c, const struct cli_opts *o);

static int call_setup(const struct cli_call *c, const struct cli_opts *o, const char *op)
{
	json_t *confirm = json_object_get(c->args, "confirm");
	struct cli_call call = *c;
	int r;

	call.cmd = mg_command_find(op);
	call.args = call.cmd->args ? json_pack("{s:s}", "document", "answers") : json_object();
	if (call.args && confirm && strcmp(op, "setup.apply") == 0)
		json_object_set(call.args, "confirm", confirm);
	r = call.args ? remote(&call, o) : 1;
	json_decref(call.args);
	return r;
}

/* The settings in force as defaults; an empty object before there are any. */
static json_t *settings(void)
{
	json_t *v = NULL;
	struct sk_buf b;

	sk_buf_init(&b, MG_GW_BYTES_MAX);
	if (sk_file_read(SK_SYSCONFDIR "/gateway.json", &b, NULL) == 0)
		v = sk_json_parse(sk_buf_str(&b), b.len, NULL);
	sk_buf_done(&b);
	return v ? v : json_object();
}

static void ask_language(struct wiz *w, const json_t *doc)
{
	static const struct sk_text q = {"Language / Gengo", "Language / 言語"};
	static const struct sk_text v[] = {
		{"English", "English"}, {"Nihongo (needs a terminal that shows it)", "日本語"}};
	int r;

	if (json_object_size(doc))
		return;
	r = wiz_choice(w, &q, v, 2, w->lang == SK_JA);
	if (r >= 0)
		w->lang = r ? SK_JA : SK_EN;
}

/* Better said now than after all the questions. */
static int whose_turn(const struct cli_opts *o, bool *ret_first, struct sk_err *err)
{
	int r = cli_never_set_up(o->socket, ret_first, err);

	if (r < 0)
		return r;
	if (*ret_first && geteuid() != 0)
		return sk_err_set(err, -EPERM, NULL, "only the console (root) sets a gateway up",
			"初期設定はコンソール (root) だけが実行できます");
	if (!*ret_first && geteuid() == 0)
		return sk_err_set(err, -EPERM, NULL,
			"it is set up already: an administrator changes it now, signed in or from "
			"the console's menu",
			"既に設定済みです。変更は管理者がサインインするか、コンソールのメニューから"
			"行"
			"ってください");
	return 0;
}

/*
 * Whoever can answer still reaches the gateway. Without an answer it needs no help of ours to
 * return.
 */
static int keep_it(const struct cli_call *c, const struct cli_opts *o, struct wiz *w)
{
	static const struct sk_text q = {"Is the gateway still reachable? Keep these settings?",
		"本装置に接続できますか? この設定を確定しますか?"};
	struct cli_call call = *c;
	struct sk_err err = {0};
	unsigned left = 0;
	int r = cli_setup_trial(o->socket, &left, &err);

	if (r < 0 || !left)
		return 0;
	wiz_say(w,
		"\nThe new settings are in use, on trial. Without an answer the ones before "
		"return.\n",
		"\n新しい設定で動作しています(試行)。回答がなければ以前の設定に戻ります。\n");
	r = wiz_yes_within(w, &q, left);
	call.file = call.text = NULL;
	if (r == 1)
		return call_setup(&call, o, "setup.confirm");
	if (r == 0)
		return call_setup(&call, o, "setup.revert");
	wiz_say(w,
		"\nNo answer: the settings of before return by themselves. To keep the new ones "
		"while there is time: sekisho setup confirm\n",
		"\n回答がないため、以前の設定に戻ります。時間内であれば sekisho setup confirm "
		"で確定できます。\n");
	return 1;
}

/* Questions; again where the manager finds a fault, with what was typed as defaults. */
static int wizard(const struct cli_call *c, const struct cli_opts *o)
{
	_cleanup_(sk_json_decrefp) json_t *doc = settings();
	struct wiz w = {.fd = STDIN_FILENO,
		.out = stdout,
		.lang = o->lang,
		.screen = getenv("SEKISHO_SCREEN")};
	struct cli_opts opts = *o;
	struct sk_err why = {0};
	bool first = false;
	int r = whose_turn(o, &first, &why);

	if (r < 0) {
		complain(&why, w.lang);
		return r == -ENOTCONN ? 6 : mg_exit_code(r);
	}
	ask_language(&w, doc);
	opts.lang = w.lang;
	do {
		struct cli_call call = *c;
		struct sk_err err = {0};
		char *text;

		r = wiz_setup(&w, doc, first, &err);
		if (r < 0) {
			complain(&err, w.lang);
			return r == -ECANCELED ? 0 : 1;
		}
		call.text = text = json_dumps(doc, JSON_COMPACT);
		r = text ? call_setup(&call, &opts, "setup.apply") : 1;
		if (text)
			explicit_bzero(text, strlen(text));
		free(text);
		if (r)
			r = wiz_yes(&w,
				    &(struct sk_text){"Go through the questions again?",
					    "もう一度質問に答えますか?"},
				    true) == 1
				? -1
				: r;
	} while (r < 0);
	return r || first ? r : keep_it(c, &opts, &w);
}

/* `sekisho setup`. */
static int setup(const struct cli_call *c, const struct cli_opts *o)
{
	struct cli_call call = *c;
	const bool check = json_is_true(json_object_get(c->args, "check"));

	if (json_is_true(json_object_get(c->args, "show")))
		return call_setup(c, o, "setup.show");
	if (!c->file && !check)
		return wizard(c, o);
	call.file = c->file ? c->file : "-";
	call.file_max = MG_GW_BYTES_MAX;
	return call_setup(&call, o, check ? "setup.check" : "setup.apply");
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The FILE argument's content as a sealed memfd, -1 if there is none. */
static int open_file(
	const struct cli_call *c, const struct cli_opts *o, int *ret, struct sk_err *err)
{
	const bool terminal = c->file && strcmp(c->file, "-") == 0 && isatty(STDIN_FILENO);
	const bool ask = terminal && json_object_get(c->args, "passphrase");
	struct sk_buf b;
	int r;

	*ret = -1;
	if (c->text) {
		*ret = sk_memfd("sekisho-file", c->text, strlen(c->text));
		return *ret < 0 ? sk_err_nomem(err) : 0;
	}
	if (!c->file)
		return 0;
	sk_buf_init(&b, c->file_max);
	if (ask)
		r = cli_ask_secret(!strcmp(c->cmd->op, "backup.create"), o->lang, &b, err);
	else if (terminal && !strcmp(c->cmd->op, "secret.set"))
		r = cli_ask_secrets(json_string_value(json_object_get(c->args, "secret")),
			json_is_true(json_object_get(c->args, "add")), o->lang, &b, err);
	else if (c->folder && is_folder(c->file))
		r = cli_pack(c->file, &b, err);
	else
		r = strcmp(c->file, "-") ? sk_file_read(c->file, &b, err)
					 : sk_fd_read(STDIN_FILENO, &b, err);
	if (r == 0) {
		*ret = sk_memfd("sekisho-file", sk_buf_str(&b), b.len);
		if (*ret < 0)
			r = sk_err_set(err, *ret, NULL, "cannot pass the file: %s",
				"ファイルを渡せません (%s)", strerror(-*ret));
	}
	if (b.data && !strcmp(c->cmd->op, "secret.set"))
		explicit_bzero(b.data, b.cap);
	sk_buf_done(&b);
	return r;
}

static size_t terminal_width(void)
{
	struct winsize ws;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col)
		return ws.ws_col;
	return 80;
}

static int send_request(
	int fd, const struct cli_call *c, const struct cli_opts *o, int passfd, struct sk_err *err)
{
	json_t *req = json_pack("{s:s, s:O, s:s}", "op", c->cmd->op, "args", c->args, "lang",
		o->lang == SK_JA ? "ja" : "en");
	int r;

	if (!req)
		return sk_err_nomem(err);
	r = sk_ipc_send(fd, SK_IPC_REQUEST, 1, req, passfd, err);
	json_decref(req);
	if (r == -EMSGSIZE)
		return sk_err_set(err, -EINVAL, NULL,
			"the arguments are too long; use a file where one is accepted",
			"引数が長すぎます。ファイルを使えるコマンドではファイルで指定してください");
	return r;
}

/* Until END. The END's code; -ENOTCONN for whatever goes wrong between us and the daemon. */
static int answers(int fd, struct cli_out *out, const struct cli_file *save, struct sk_err *err)
{
	for (;;) {
		struct sk_ipc_msg m;
		int r = sk_ipc_recv(fd, -1, &m, err);

		if (r < 0)
			return -ENOTCONN;
		if (m.type == SK_IPC_END) {
			r = sk_ipc_end_code(m.body, err);
			sk_ipc_msg_done(&m);
			return r;
		}
		r = m.type == SK_IPC_DATA ? cli_out_data(out, m.body) : 0;
		sk_ipc_msg_done(&m);
		if (r == -EIO) {
			*err = save->why;
			return r;
		}
		if (r == -EPIPE) /* whoever reads us has seen enough */
			return sk_err_set(
				err, r, NULL, "cannot write the output", "出力できません");
		if (r < 0)
			return sk_err_set(err, -EBADMSG, NULL,
				"the daemon's answer is not understood",
				"デーモンの応答を解釈できません");
	}
}

/* Ask, and show what comes; the exit code. passfd -1: no file goes with it. */
static int ask(
	const struct cli_call *c, const struct cli_opts *o, int passfd, struct cli_file *save)
{
	_cleanup_(sk_closep) int fd = -1;
	struct sk_err err = {0};
	struct cli_out *out;
	const int64_t began = sk_now();
	int r;

	fd = sk_ipc_connect(o->socket, &err);
	if (fd < 0)
		sk_err_set(&err, fd, NULL,
			"cannot reach sekisho-mgmtd (%s): is it running? See systemctl status "
			"sekisho-mgmtd",
			"sekisho-mgmtd に接続できません (%s)。動作しているか systemctl status "
			"sekisho-mgmtd で確認してください",
			strerror(-fd));
	r = fd < 0 ? fd : send_request(fd, c, o, passfd, &err);
	if (r < 0) {
		complain(&err, o->lang);
		return r == -EINVAL ? 4 : 6;
	}
	out = cli_out_new(stdout, stderr, o, c->cmd, terminal_width());
	if (!out)
		return 1;
	cli_out_save(out, save);
	r = answers(fd, out, save, &err);
	if (r == -ENOTCONN && !strcmp(c->cmd->op, "backup.restore"))
		r = cli_await_restore(o, began, out, &err);
	if (r == 0 && !strcmp(c->cmd->op, "backup.key.new"))
		r = cli_file_use_key(save, o, out, &err);
	if (r != -EPIPE && cli_out_end(out, r < 0) < 0 && r == 0)
		r = sk_err_set(&err, -EIO, NULL, "cannot write the output", "出力できません");
	cli_out_free(out);
	if (r < 0)
		complain(&err, o->lang);
	return r == -EPIPE ? 1 : mg_exit_code(r);
}

static int remote(const struct cli_call *c, const struct cli_opts *o)
{
	_cleanup_(sk_closep) int file = -1;
	struct cli_file save;
	struct sk_err err = {0};
	int r = open_file(c, o, &file, &err);

	if (r < 0) {
		complain(&err, o->lang);
		return r == -ENOENT ? 3 : r == -EFBIG ? 4 : 1;
	}
	r = cli_file_open(c, &save, &err);
	if (r < 0) {
		complain(&err, o->lang);
		return r == -EEXIST || r == -EINVAL ? 4 : r == -ENOENT ? 3 : 1;
	}
	r = ask(c, o, file, &save);
	cli_file_done(&save);
	return r;
}

int main(int argc, char **argv)
{
	struct cli_opts o = {.lang = sk_lang_from_env(), .socket = getenv("SEKISHO_SOCKET")};
	struct cli_call c = {0};
	struct sk_err err = {0};
	struct sk_buf b;
	int r;

	setlocale(LC_ALL, "");
	if (!o.socket || !o.socket[0])
		o.socket = SK_RUNDIR "/mgmt.sock";
	if (cli_parse(argc, argv, &o, &c, &err) < 0)
		return usage_error(&err, o.lang);
	if (o.version) {
		printf("sekisho %s\n", SK_VERSION);
		r = 0;
	} else if (!c.cmd) {
		r = incomplete(&c, &o);
	} else if (o.help) {
		sk_buf_init(&b, TEXT_MAX);
		cli_help_command(&b, c.cmd, o.lang);
		r = put_out(&b);
	} else {
		r = c.cmd->flags & MG_F_LOCAL ? local(&c, &o) : remote(&c, &o);
	}
	cli_call_done(&c);
	return r;
}
