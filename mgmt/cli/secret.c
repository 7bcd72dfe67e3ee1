// SPDX-License-Identifier: GPL-2.0-or-later
/* A passphrase asked for on the terminal, which does not show it. */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/cli/cli.h"

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
	fputs(prompt, stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
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
