// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The menu at the console. It decides nothing by itself: each entry is a command of this program,
 * run as root or, where an administrator's authority is needed, as that person after their
 * password. What changes something is in the audit log as any other command.
 */
#include "mgmt/cli/console.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/cli/person.h"
#include "mgmt/cli/query.h"
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

int cli_console_run(struct wiz *w, const char *const *words, const struct passwd *as)
{
	const char *argv[20] = {"sekisho", "--lang", w->lang == SK_JA ? "ja" : "en"};

	for (size_t i = 0; words[i] && i + 4 < SK_ARRAY_SIZE(argv); i++)
		argv[i + 3] = words[i];
	fflush(w->out);
	return run(argv, as);
}
#define SEKISHO(w, as, ...) cli_console_run(w, (const char *const[]){__VA_ARGS__, NULL}, as)

void cli_console_note(int priority, const char *what, const char *name)
{
	const char *tty = ttyname(STDIN_FILENO);
	char who[256];

	sk_escape(who, sizeof(who), name, strlen(name));
	syslog(LOG_AUTHPRIV | priority, "console menu: %s for %s on %s", what, who,
		tty ? tty : "no terminal");
}

#define WRONG "/run/sekisho-console.wrong" /* one digit */
#define WRONG_MAX '4'

/*
 * Each wrong password of this start costs more time than the one before, whoever leaves the menu
 * and calls it again, at whichever terminal: who is wrong meanwhile waits for the lock.
 */
static void slow_down(void)
{
	static const int keys[] = {SIGINT, SIGQUIT, SIGTSTP};
	_cleanup_(sk_closep) int fd = open(WRONG, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	char n = WRONG_MAX, next;

	for (size_t i = 0; i < SK_ARRAY_SIZE(keys); i++)
		signal(keys[i], SIG_IGN);
	if (fd >= 0 && flock(fd, LOCK_EX) == 0) {
		if (pread(fd, &n, 1, 0) != 1)
			n = '0';
		if (n < '0' || n > WRONG_MAX)
			n = WRONG_MAX;
		next = (char)SK_MIN(n + 1, WRONG_MAX);
		if (pwrite(fd, &next, 1, 0) != 1)
			n = WRONG_MAX;
	}
	sleep(2u << (n - '0'));
	for (size_t i = 0; i < SK_ARRAY_SIZE(keys); i++)
		signal(keys[i], SIG_DFL);
}

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
	if (good) {
		cli_console_note(LOG_NOTICE, "right password", name);
		return getpwnam(name);
	}
	cli_console_note(LOG_WARNING, "wrong name or password", name);
	slow_down();
	wiz_say(w, "Name or password is wrong.\n", "利用者名またはパスワードが違います。\n");
	return NULL;
}

static void set_up(struct wiz *w, const char *socket)
{
	const struct passwd *who;
	struct sk_err err = {0};
	bool first = false;

	if (cli_never_set_up(socket, &first, &err) < 0) {
		wiz_fault(w, "", &err);
		return;
	}
	if (first) {
		SEKISHO(w, NULL, "setup");
		return;
	}
	who = authenticate(w);
	if (who)
		SEKISHO(w, who, "setup");
}

static void add_person(struct wiz *w, const char *socket)
{
	const struct passwd *who = authenticate(w);

	if (who)
		cli_person_add(w, socket, who);
}

/* ---- a lost administrator ---------------------------------------------------------------------
 */
static const struct mg_box box = {.root = ""};

static int new_password(struct wiz *w, struct mg_box_person *p)
{
	char password[128];
	struct sk_err err = {0};
	int r;

	for (;;) {
		r = wiz_password(w, &(struct sk_text){"New password", "新しいパスワード"}, password,
			sizeof(password));
		if (r < 0)
			return r;
		if (mg_gateway_check_password(password, p->name, &err) == 0)
			break;
		wiz_fault(w, "  ", &err);
	}
	r = mg_box_hash(password, p->hash, sizeof(p->hash), &err);
	explicit_bzero(password, sizeof(password));
	if (r == 0)
		r = mg_box_people_set(&box, p, 1, &err);
	if (r < 0)
		wiz_fault(w, "", &err);
	return r;
}

/* Is role one of "requester,admin"? */
static bool has_role(const char *roles, const char *role)
{
	const size_t len = strlen(role);

	for (const char *s = roles; *s; s += strcspn(s, ","), s += *s == ',')
		if (strcspn(s, ",") == len && strncmp(s, role, len) == 0)
			return true;
	return false;
}

struct accounts {
	char roles[128], others[256]; /* of the person; names of other enabled administrators */
	char want[160];               /* the roles the person is to have */
	char display[128];
	int64_t uid; /* 0: none */
	bool found;
};

static void look(const json_t *rows, const char *name, struct accounts *ret)
{
	size_t len = 0;

	*ret = (struct accounts){0};
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *who = json_string_value(json_object_get(row, "name"));
		const char *roles = json_string_value(json_object_get(row, "roles"));
		const char *display = json_string_value(json_object_get(row, "display"));

		if (!who || !roles)
			continue;
		if (strcmp(who, name) == 0) {
			ret->found = true;
			snprintf(ret->roles, sizeof(ret->roles), "%s", roles);
			ret->uid = json_integer_value(json_object_get(row, "uid"));
			snprintf(ret->display, sizeof(ret->display), "%s", display ? display : "");
		} else if (json_is_true(json_object_get(row, "enabled")) &&
			has_role(roles, "admin") && len < sizeof(ret->others)) {
			len += (size_t)snprintf(ret->others + len, sizeof(ret->others) - len,
				"%s%s", len ? ", " : "", who);
		}
	}
}

/*
 * The roles the person is to have: those of now. The administrator's is added where nobody else has
 * it, or whoever has it cannot sign in any more. < 0: not to be done.
 */
static int roles_of(struct wiz *w, const char *socket, const char *name, struct accounts *a)
{
	struct sk_err err = {0};
	json_t *rows = NULL;
	int r = cli_query(socket, "account.list", json_object(), &rows, &err);

	look(rows, name, a);
	json_decref(rows);
	if (r < 0) {
		wiz_fault(w, "", &err);
		return r;
	}
	if (!a->found) {
		wiz_say(w, "There is no account %s.\n", "アカウント %s はありません。\n", name);
		return -ENOENT;
	}
	snprintf(a->want, sizeof(a->want), "%s", a->roles);
	if (has_role(a->roles, "admin"))
		return 0;
	if (a->others[0]) {
		wiz_say(w, "Administrators are: %s\n", "管理者: %s\n", a->others);
		r = wiz_yes(w,
			&(struct sk_text){"Can one of them still sign in? (y: only a new password; "
					  "n: the role administrator, too)",
				"そのうち誰かはサインインできますか?(y: "
				"新しいパスワードだけを設定、"
				"n: 管理者の役割も追加)"},
			true);
		if (r)
			return SK_MIN(r, 0);
	}
	snprintf(a->want, sizeof(a->want), "%s%sadmin", a->roles, a->roles[0] ? "," : "");
	return 0;
}

/*
 * Whose password it will be. Where nobody is root an account may have come without a Unix user,
 * who is made then, with the account's number. < 0: it cannot be.
 */
static int unix_user(
	struct wiz *w, const char *name, const struct accounts *a, struct mg_box_person *ret)
{
	const struct passwd *pw = getpwnam(name);
	struct sk_err err = {0};
	int r = mg_gateway_check_name(name, &err);

	snprintf(ret->name, sizeof(ret->name), "%.31s", name);
	snprintf(ret->display, sizeof(ret->display), "%.127s", pw ? pw->pw_gecos : a->display);
	ret->uid = pw ? pw->pw_uid : (unsigned)a->uid;
	if (r == 0 && (pw ? pw->pw_uid < 1000 : a->uid < 1000 || a->uid > 65533))
		r = sk_err_set(&err, -ENOENT, NULL,
			"there is no Unix user %s, and the number of the account is no person's",
			"Unix ユーザー %s がなく、アカウントの番号も個人用ではありません", name);
	if (r == 0 && !pw) {
		/* What an account's name may have and /etc/passwd may not. */
		if (mg_gateway_check_display(ret->display, NULL) < 0)
			ret->display[0] = '\0';
		r = mg_box_people_check(&box, ret, 1, &err);
	}
	if (r < 0)
		wiz_fault(w, "", &err);
	else if (!pw)
		wiz_say(w, "There is no Unix user %s yet: it is made, with the number %u.\n",
			"Unix ユーザー %s がまだないため、番号 %u で作ります。\n", name, ret->uid);
	return r;
}

/* The audit entry comes first: without the manager's yes no password is set. */
static void recover(struct wiz *w, const char *socket)
{
	static const struct sk_text q = {"Who is to be able to sign in again (user name)",
		"復旧する利用者名(再びサインインできるようにする人)"};
	struct mg_box_person p = {.uid = 0};
	struct accounts a;
	char name[64], reason[256];

	SEKISHO(w, NULL, "account", "list");
	if (wiz_text(w, &q, NULL, name, sizeof(name)) < 0 ||
		wiz_text(w,
			&(struct sk_text){
				"Reason (goes into the audit log)", "理由 (操作記録に残ります)"},
			NULL, reason, sizeof(reason)) < 0 ||
		roles_of(w, socket, name, &a) < 0 || unix_user(w, name, &a, &p) < 0)
		return;
	wiz_say(w, "%s: roles %s, and a new password.\n", "%s: 役割 %s、新しいパスワード\n", name,
		a.want);
	if (wiz_yes(w, &(struct sk_text){"Do it?", "実行しますか?"}, false) != 1)
		return;
	if (SEKISHO(w, NULL, "account", "set", name, "--roles", a.want, "--purpose", reason) != 0)
		return;
	cli_console_note(LOG_NOTICE, "a new password", name);
	if (wiz_yes(w, &(struct sk_text){"Was the account disabled?", "無効になっていましたか?"},
		    false) == 1)
		SEKISHO(w, NULL, "account", "enable", name, "--reason", reason);
	if (new_password(w, &p) == 0)
		wiz_say(w, "Done. %s can sign in.\n", "完了しました。%s でサインインできます。\n",
			name);
}

static void restore(struct wiz *w)
{
	char file[256], key[256];

	SEKISHO(w, NULL, "backup", "list");
	if (wiz_text(w,
		    &(struct sk_text){"Backup: a name of these, or a path such as "
				      "/media/backup/NAME",
			    "バックアップ (上の名前、または /media/backup/… などのパス)"},
		    NULL, file, sizeof(file)) < 0)
		return;
	wiz_say(w, "Key file, such as /media/backup/NAME (Enter: a passphrase instead): ",
		"鍵ファイル (/media/backup/… など。Enter でパスフレーズを使う): ");
	if (wiz_line(w, key, sizeof(key)) < 0 ||
		wiz_yes(w,
			&(struct sk_text){"Replace everything here by the backup? Changes since "
					  "then are lost.",
				"現在の状態をバックアップの内容に置き換えますか?"
				"それ以降の変更は失わ"
				"れます。"},
			false) != 1)
		return;
	if (key[0])
		SEKISHO(w, NULL, "backup", "restore", file, "--key", key, "--yes");
	else
		SEKISHO(w, NULL, "backup", "restore", file, "--passphrase", "-", "--yes");
}

/* The first call says what is lost, and a code; whoever types it means it. */
static void reset(struct wiz *w)
{
	char code[32];

	if (SEKISHO(w, NULL, "system", "reset") != 0)
		return;
	wiz_say(w, "Type the code to erase everything (Enter: do not): ",
		"すべて消去するには確認コードを入力してください (Enter で中止): ");
	if (wiz_line(w, code, sizeof(code)) < 0 || !code[0])
		wiz_say(w, "Nothing was erased.\n", "消去していません。\n");
	else if (code[0] == '-')
		wiz_say(w, "This is no code; nothing was erased.\n",
			"確認コードではありません。消去していません。\n");
	else
		SEKISHO(w, NULL, "system", "reset", "--code", code);
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

int cli_console(enum sk_lang lang, const char *socket)
{
	static const struct sk_text entries[] = {
		{"state of the gateway", "装置の状態"},
		{"sign in", "サインイン"},
		{"set up (again)", "設定 / 再設定"},
		{"recover an administrator or another person", "管理者・利用者の復旧"},
		{"restore a backup", "バックアップから復元"},
		{"factory reset", "出荷時の状態に戻す"},
		{"restart", "再起動"},
		{"shut down", "電源を切る"},
		{"Nihongo / English", "日本語 / English"},
		{"add a person", "利用者を追加"},
		{"leave", "終了"},
	};
	struct wiz w = {.fd = STDIN_FILENO, .out = stdout, .lang = lang};

	if (geteuid() != 0) {
		fprintf(stderr, "sekisho: %s\n",
			lang == SK_JA ? "コンソールの root だけが使えます"
				      : "for root at the console");
		return 5;
	}
	openlog("sekisho", LOG_PID, LOG_AUTHPRIV);
	for (;;) {
		switch (wiz_choice(&w, &(struct sk_text){"\n== Sekisho", "\n== 関所 (Sekisho)"},
			entries, SK_ARRAY_SIZE(entries), 0)) {
		case 0: SEKISHO(&w, NULL, "status"); break;
		case 1: sign_in(&w); break;
		case 2: set_up(&w, socket); break;
		case 3: recover(&w, socket); break;
		case 4: restore(&w); break;
		case 5: reset(&w); break;
		case 6: end(&w, "reboot"); break;
		case 7: end(&w, "poweroff"); break;
		case 8: w.lang = w.lang == SK_JA ? SK_EN : SK_JA; break;
		case 9: add_person(&w, socket); break;
		default: return 0;
		}
	}
}
