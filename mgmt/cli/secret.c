// SPDX-License-Identifier: GPL-2.0-or-later
/* Passphrases, passwords and keys asked for on the terminal, which does not show them. */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/cli/cli.h"
#include "mgmt/gateway/gateway.h"
#include "mgmt/radius/users.h"

#define LINE 1026

static int read_line(char *dst)
{
	size_t n = 0;
	char c;

	for (;;) {
		const ssize_t k = read(STDIN_FILENO, &c, 1);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return -ECANCELED;
		if (c == '\n')
			break;
		if (n < LINE - 1)
			dst[n++] = c;
	}
	dst[n] = '\0';
	return 0;
}

/* The terminal's echo is back in any case. */
static int ask(const char *prompt, char *dst)
{
	struct termios old, quiet;
	int r;

	if (tcgetattr(STDIN_FILENO, &old) < 0)
		return -errno;
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	/* Before the question: what is typed before this is thrown away. */
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	fputs(prompt, stderr);
	r = read_line(dst);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	fputc('\n', stderr);
	return r;
}

int cli_ask_secret(bool twice, enum sk_lang lang, struct sk_buf *b, struct sk_err *err)
{
	char first[LINE] = "", second[LINE] = "";
	int r = ask(lang == SK_JA ? "パスフレーズ: " : "Passphrase: ", first);

	if (r == 0 && twice)
		r = ask(lang == SK_JA ? "もう一度: " : "Once more: ", second);
	if (r < 0)
		sk_err_set(err, r, "passphrase", "was not given", "が入力されていません");
	else if (twice && strcmp(first, second) != 0)
		r = sk_err_set(err, -EINVAL, "passphrase", "the two are not the same",
			"2 回の入力が一致しません");
	if (r == 0)
		sk_buf_puts(b, first);
	sodium_memzero(first, sizeof(first));
	sodium_memzero(second, sizeof(second));
	return r;
}

/* ---- files of secrets -------------------------------------------------------------------------
 */
static int ask_open(const char *prompt, char *dst)
{
	fputs(prompt, stderr);
	return read_line(dst);
}

static int ask_notify(enum sk_lang lang, struct sk_buf *b)
{
	const bool ja = lang == SK_JA;
	const struct {
		const char *key, *prompt;
		bool hidden;
	} v[] = {
		{"smtp_user",
			ja ? "メールサーバーのユーザー名 (なければ空): "
			   : "User name at the mail server (empty: none): ",
			false},
		{"smtp_password", ja ? "そのパスワード: " : "Its password: ", true},
		{"webhook_authorization",
			ja ? "Webhook の Authorization ヘッダー (なければ空): "
			   : "Authorization header of the webhook (empty: none): ",
			true},
		{"ca_file",
			ja ? "独自の認証局の証明書ファイル (なければ空): "
			   : "File with certificates of authorities of your own (empty: none): ",
			false},
	};
	char line[LINE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < SK_ARRAY_SIZE(v); i++) {
		if (i == 1 && !b->len)
			continue;
		r = v[i].hidden ? ask(v[i].prompt, line) : ask_open(v[i].prompt, line);
		if (r == 0 && line[0])
			sk_buf_printf(b, "%s=%s\n", v[i].key, line);
	}
	sodium_memzero(line, sizeof(line));
	return r;
}

static void make_secret(char *dst)
{
	uint8_t random[20];

	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(dst, LINE, random, sizeof(random));
	sodium_memzero(random, sizeof(random));
}

/* A switch's secret may be made here: it is shown once, to be typed into the switch. */
static int ask_one(const char *name, bool radius, bool ja, char *dst)
{
	int r = ask(radius ? (ja ? "  共有鍵 (空: 生成する): " : "  Secret (empty: one is made): ")
			   : (ja ? "  API キー: " : "  Key: "),
		dst);

	if (r < 0 || dst[0] || !radius)
		return r;
	make_secret(dst);
	fprintf(stderr, "  %s: %s\n", name, dst);
	return 0;
}

static int ask_names(bool radius, bool add, enum sk_lang lang, struct sk_buf *b)
{
	const bool ja = lang == SK_JA;
	const char *prompt = radius
		? (ja ? "スイッチの名前 (空: 終わり): " : "Name of a switch (empty: done): ")
		: (ja ? "一覧の名称 (空: 終わり): " : "Name of a blocklist (empty: done): ");
	char name[LINE], secret[LINE];
	bool gateway = add;
	int r;

	for (;;) {
		r = ask_open(prompt, name);
		if (r < 0 || !name[0])
			break;
		gateway = gateway || sk_streq(name, "gateway");
		r = ask_one(name, radius, ja, secret);
		if (r < 0)
			break;
		sk_buf_printf(b, radius ? "%s:%s\n" : "%s = %s\n", name, secret);
	}
	/* Between the gateway and its own server: nobody has to know it. */
	if (r == 0 && radius && b->len && !gateway) {
		make_secret(secret);
		sk_buf_printf(b, "gateway:%s\n", secret);
	}
	sodium_memzero(secret, sizeof(secret));
	return r;
}

/* 1: it is good, as hash; 0: what is wrong was said. */
static int ask_password(const char *name, bool ja, char hash[MG_NT_HASH + 1])
{
	char first[LINE] = "", second[LINE] = "";
	struct sk_err why = {0};
	int r = ask(ja ? "  パスワード: " : "  Password: ", first);

	if (r == 0)
		r = ask(ja ? "  もう一度: " : "  Once more: ", second);
	if (r == 0 && strcmp(first, second) != 0)
		r = sk_err_set(&why, -EINVAL, "password", "the two are not the same",
			"2 回の入力が一致しません");
	if (r == 0)
		r = mg_gateway_check_password(first, name, &why);
	if (r == 0)
		r = mg_nt_hash(first, hash, &why);
	sodium_memzero(first, sizeof(first));
	sodium_memzero(second, sizeof(second));
	if (r < 0 && why.code)
		fprintf(stderr, "  %s\n", sk_err_text(&why, ja ? SK_JA : SK_EN));
	return r == 0 ? 1 : why.code ? 0 : r;
}

/* Names are kept as the server looks for them: small. */
static bool user_ok(char *name, bool ja)
{
	char line[LINE + MG_NT_HASH + 2];
	struct sk_err why = {0};
	const char *found;
	size_t len;
	int n;

	for (char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	n = snprintf(line, sizeof(line), "%s:%032d", name, 0);
	if (mg_radius_user_line(line, (size_t)n, &found, &len, &why) > 0 && len == strlen(name))
		return true;
	fprintf(stderr, "  %s\n",
		why.code ? sk_err_text(&why, ja ? SK_JA : SK_EN)
			 : (ja ? "名前として使えません" : "this cannot be a name"));
	return false;
}

/* What is wrong is asked for once more: nobody types twenty passwords again for one. */
static int ask_users(enum sk_lang lang, struct sk_buf *b)
{
	const bool ja = lang == SK_JA;
	char name[LINE], hash[MG_NT_HASH + 1];
	int r;

	for (;;) {
		r = ask_open(ja ? "利用者の名前 (空: 終わり): " : "Name of a user (empty: done): ",
			name);
		if (r < 0 || !name[0])
			break;
		if (!user_ok(name, ja))
			continue;
		do
			r = ask_password(name, ja, hash);
		while (r == 0);
		if (r < 0)
			break;
		sk_buf_printf(b, "%s:%s\n", name, hash);
	}
	sodium_memzero(hash, sizeof(hash));
	return r < 0 ? r : 0;
}

int cli_ask_secrets(
	const char *kind, bool add, enum sk_lang lang, struct sk_buf *b, struct sk_err *err)
{
	int r;

	fputs(lang == SK_JA ? (add ? "同じ名前の内容は置き換えます。\n"
				   : "以前の内容はすべて置き換えます (残すには --add)。\n")
			    : (add ? "What has the same name is replaced.\n"
				   : "All that is there is replaced (--add keeps it).\n"),
		stderr);
	/* Grown once, so that no copy stays behind. */
	if (sk_buf_room(b, b->max / 2))
		sk_buf_reset(b);
	r = sk_streq(kind, "notify") ? ask_notify(lang, b)
		: sk_streq(kind, "radius.users")
		? ask_users(lang, b)
		: ask_names(sk_streq(kind, "radius"), add, lang, b);
	if (r == 0 && !b->len)
		r = -ECANCELED;
	return r < 0 ? sk_err_set(err, r, NULL, "nothing was given: nothing was changed",
			       "入力がありません。何も変更していません")
		     : 0;
}
