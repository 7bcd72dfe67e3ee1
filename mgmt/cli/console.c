// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The menu at the console. It decides nothing by itself: each entry is a command of this program,
 * run as root or, where an administrator's authority is needed, as that person after their
 * password. What changes something is in the audit log as any other command.
 */
#include "mgmt/cli/console.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/cli/wizard.h"
#include "mgmt/gateway/box/box.h"

/* A command of this program with the console's terminal; uid 0: as root. Its exit code. */
static int run(const char *const *argv, const struct passwd *as)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return 1;
	if (pid == 0) {
		if (as &&
			(initgroups(as->pw_name, as->pw_gid) < 0 || setgid(as->pw_gid) < 0 ||
				setuid(as->pw_uid) < 0))
			_exit(1);
		execv("/proc/self/exe", (char *const *)argv);
		_exit(1);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int sekisho(struct wiz *w, const char *const *words, const struct passwd *as)
{
	const char *argv[16] = {"sekisho", "--lang", w->lang == SK_JA ? "ja" : "en"};

	for (size_t i = 0; words[i] && i + 4 < SK_ARRAY_SIZE(argv); i++)
		argv[i + 3] = words[i];
	fflush(w->out);
	return run(argv, as);
}
#define SEKISHO(w, as, ...) sekisho(w, (const char *const[]){__VA_ARGS__, NULL}, as)

/* Somebody with a Unix user and the password to it; NULL: not. */
static const struct passwd *authenticate(struct wiz *w)
{
	char name[64], password[128];
	const struct spwd *sp;
	bool good;

	wiz_say(w, "This needs an administrator.\n", "管理者の操作です。\n");
	if (wiz_text(w, &(struct sk_text){"User name", "利用者名"}, NULL, name, sizeof(name)) < 0 ||
		wiz_password(w, &(struct sk_text){"Password", "パスワード"}, password,
			sizeof(password)) < 0)
		return NULL;
	sp = getspnam(name);
	good = sp && mg_box_verify(password, sp->sp_pwdp);
	explicit_bzero(password, sizeof(password));
	if (good)
		return getpwnam(name);
	sleep(2);
	wiz_say(w, "Name or password is wrong.\n", "利用者名またはパスワードが違います。\n");
	return NULL;
}

static void set_up(struct wiz *w)
{
	const struct passwd *who;

	if (access(MG_BOX_GATEWAY, F_OK) < 0) {
		SEKISHO(w, NULL, "setup");
		return;
	}
	who = authenticate(w);
	if (who)
		SEKISHO(w, who, "setup");
}

/* ---- a lost administrator ---------------------------------------------------------------------
 */
static int new_password(struct wiz *w, const struct passwd *pw)
{
	struct mg_box_person p = {.uid = pw->pw_uid};
	const struct mg_box box = {.root = ""};
	char password[128];
	struct sk_err err = {0};
	int r;

	snprintf(p.name, sizeof(p.name), "%.31s", pw->pw_name);
	snprintf(p.display, sizeof(p.display), "%.127s", pw->pw_gecos ? pw->pw_gecos : "");
	for (;;) {
		r = wiz_password(w, &(struct sk_text){"New password", "新しいパスワード"}, password,
			sizeof(password));
		if (r < 0)
			return r;
		if (mg_gateway_check_password(password, p.name, &err) == 0)
			break;
		fprintf(w->out, "  %s\n", sk_err_text(&err, w->lang));
	}
	r = mg_box_hash(password, p.hash, sizeof(p.hash), &err);
	explicit_bzero(password, sizeof(password));
	if (r == 0)
		r = mg_box_people_set(&box, &p, 1, &err);
	if (r < 0)
		fprintf(w->out, "%s\n", sk_err_text(&err, w->lang));
	return r;
}

/*
 * The audit entry comes first: without the manager's yes no password is set. Roles stay as they
 * are where the person is administrator; else that role is given, by the console's right to.
 */
static void recover(struct wiz *w)
{
	static const struct sk_text q = {
		"Who is to be administrator again (user name)", "管理者として復旧する利用者名"};
	const struct passwd *pw;
	char name[64], reason[256];

	SEKISHO(w, NULL, "account", "list");
	if (wiz_text(w, &q, NULL, name, sizeof(name)) < 0 ||
		wiz_text(w,
			&(struct sk_text){
				"Reason (goes into the audit log)", "理由 (操作記録に残ります)"},
			NULL, reason, sizeof(reason)) < 0)
		return;
	if (wiz_yes(w,
		    &(struct sk_text){
			    "Give this person the role administrator, and a new password?",
			    "この人に管理者の役割と新しいパスワードを設定しますか?"},
		    false) != 1)
		return;
	if (SEKISHO(w, NULL, "account", "set", name, "--roles", "requester,admin", "--purpose",
		    reason) != 0)
		return;
	if (wiz_yes(w, &(struct sk_text){"Was the account disabled?", "無効になっていましたか?"},
		    false) == 1)
		SEKISHO(w, NULL, "account", "enable", name, "--reason", reason);
	pw = getpwnam(name);
	if (!pw || pw->pw_uid < 1000) {
		wiz_say(w, "There is no Unix user %s.\n", "Unix ユーザー %s がありません。\n",
			name);
		return;
	}
	if (new_password(w, pw) == 0)
		wiz_say(w, "Done. %s can sign in.\n", "完了しました。%s でサインインできます。\n",
			name);
}

static void restore(struct wiz *w)
{
	char file[256];

	if (wiz_text(w, &(struct sk_text){"Backup file", "バックアップファイル"}, NULL, file,
		    sizeof(file)) == 0)
		SEKISHO(w, NULL, "backup", "restore", file);
}

static void end(struct wiz *w, const char *what)
{
	if (wiz_yes(w, &(struct sk_text){"Really?", "本当に実行しますか?"}, false) == 1)
		SEKISHO(w, NULL, "system", what);
}

static void sign_in(struct wiz *w)
{
	pid_t pid;

	fflush(w->out);
	pid = fork();
	if (pid == 0) {
		execl("/bin/login", "login", "-p", (char *)NULL);
		_exit(1);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

int cli_console(enum sk_lang lang)
{
	static const struct sk_text entries[] = {
		{"state of the gateway", "装置の状態"},
		{"sign in", "サインイン"},
		{"set up (again)", "設定 / 再設定"},
		{"recover an administrator", "管理者の復旧"},
		{"restore a backup", "バックアップから復元"},
		{"factory reset", "出荷時の状態に戻す"},
		{"restart", "再起動"},
		{"shut down", "電源を切る"},
		{"Nihongo / English", "日本語 / English"},
		{"leave", "終了"},
	};
	struct wiz w = {.fd = STDIN_FILENO, .out = stdout, .lang = lang};

	if (geteuid() != 0) {
		fprintf(stderr, "sekisho: %s\n",
			lang == SK_JA ? "コンソールの root だけが使えます"
				      : "for root at the console");
		return 5;
	}
	for (;;) {
		switch (wiz_choice(&w, &(struct sk_text){"\n== Sekisho", "\n== 関所 (Sekisho)"},
			entries, SK_ARRAY_SIZE(entries), 0)) {
		case 0: SEKISHO(&w, NULL, "status"); break;
		case 1: sign_in(&w); break;
		case 2: set_up(&w); break;
		case 3: recover(&w); break;
		case 4: restore(&w); break;
		case 5: SEKISHO(&w, NULL, "system", "reset"); break;
		case 6: end(&w, "reboot"); break;
		case 7: end(&w, "poweroff"); break;
		case 8: w.lang = w.lang == SK_JA ? SK_EN : SK_JA; break;
		default: return 0;
		}
	}
}
