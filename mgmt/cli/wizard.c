// SPDX-License-Identifier: GPL-2.0-or-later
/* Single questions on a plain terminal: a line in, no cursor games, so that a serial line will do.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/cli/wizard.h"

void wiz_say(struct wiz *w, const char *en, const char *ja, ...)
{
	va_list ap;

	va_start(ap, ja);
	vfprintf(w->out, w->lang == SK_JA ? ja : en, ap);
	va_end(ap);
	fflush(w->out);
}

void wiz_fault(struct wiz *w, const char *indent, const struct sk_err *err)
{
	const char *s = sk_err_text(err, w->lang);
	char clean[4 * sizeof(err->ja)];

	fprintf(w->out, "%s%s\n", indent, sk_escape(clean, sizeof(clean), s, strlen(s)));
}

int wiz_line(struct wiz *w, char *dst, size_t cap)
{
	size_t n = 0;
	char c;

	for (;;) {
		ssize_t r = read(w->fd, &c, 1);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -EPIPE;
		if (c == '\n' || c == '\r')
			break;
		if (n + 1 < cap)
			dst[n++] = c;
	}
	dst[n] = '\0';
	return 0;
}

int wiz_text(struct wiz *w, const struct sk_text *q, const char *def, char *dst, size_t cap)
{
	char shown[1024];

	/* The settings of before are the proposal: an answer file of somebody's. */
	sk_escape(shown, sizeof(shown), def ? def : "", def ? strlen(def) : 0);
	for (;;) {
		int r;

		fprintf(w->out, "%s%s%s%s: ", sk_text(q, w->lang), shown[0] ? " [" : "", shown,
			shown[0] ? "]" : "");
		fflush(w->out);
		r = wiz_line(w, dst, cap);
		if (r < 0)
			return r;
		if (!dst[0] && def && def[0])
			snprintf(dst, cap, "%s", def);
		if (dst[0] && sk_utf8_valid(dst, strlen(dst)))
			return 0;
		wiz_say(w, "  Please type something.\n", "  入力してください。\n");
	}
}

int wiz_password(struct wiz *w, const struct sk_text *q, char *dst, size_t cap)
{
	struct termios old, quiet;
	const bool tty = tcgetattr(w->fd, &old) == 0;
	int r;

	/* Before it is asked for: what is typed at once is not to be seen either. */
	if (tty) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(w->fd, TCSAFLUSH, &quiet);
	}
	fprintf(w->out, "%s: ", sk_text(q, w->lang));
	fflush(w->out);
	r = wiz_line(w, dst, cap);
	if (tty)
		tcsetattr(w->fd, TCSADRAIN, &old);
	fputc('\n', w->out);
	return r;
}

int wiz_choice(struct wiz *w, const struct sk_text *q, const struct sk_text *v, int n, int def)
{
	for (;;) {
		char s[16];
		uint64_t number;
		int r;

		fprintf(w->out, "%s\n", sk_text(q, w->lang));
		for (int i = 0; i < n; i++)
			fprintf(w->out, "  %d) %s\n", i + 1, sk_text(&v[i], w->lang));
		fprintf(w->out, "[%d]: ", def + 1);
		fflush(w->out);
		r = wiz_line(w, s, sizeof(s));
		if (r < 0)
			return r;
		if (!s[0])
			return def;
		if (sk_parse_u64(s, (uint64_t)n, &number) == 0 && number > 0)
			return (int)number - 1;
		wiz_say(w, "  A number from 1 to %d, please.\n",
			"  1 から %d の番号を入力してください。\n", n);
	}
}

int wiz_yes(struct wiz *w, const struct sk_text *q, bool def)
{
	for (;;) {
		char s[16];
		int r;

		fprintf(w->out, "%s (y/n) [%s]: ", sk_text(q, w->lang), def ? "y" : "n");
		fflush(w->out);
		r = wiz_line(w, s, sizeof(s));
		if (r < 0)
			return r;
		if (!s[0])
			return def;
		if (s[0] == 'y' || s[0] == 'Y' || strcmp(s, "はい") == 0)
			return 1;
		if (s[0] == 'n' || s[0] == 'N' || strcmp(s, "いいえ") == 0)
			return 0;
	}
}

int wiz_yes_within(struct wiz *w, const struct sk_text *q, unsigned seconds)
{
	const uint64_t end = sk_mono_us() + (uint64_t)seconds * 1000000;
	struct pollfd p = {.fd = w->fd, .events = POLLIN};

	for (;;) {
		const uint64_t now = sk_mono_us();
		char s[16];
		int r;

		if (now >= end)
			return -ETIMEDOUT;
		fprintf(w->out,
			w->lang == SK_JA ? "%s (y/n、残り %u 秒): " : "%s (y/n, %u s left): ",
			sk_text(q, w->lang), (unsigned)((end - now) / 1000000));
		fflush(w->out);
		r = poll(&p, 1, (int)((end - now) / 1000) + 1);
		if (r == 0 || (r < 0 && errno == EINTR))
			continue;
		r = r < 0 ? -errno : wiz_line(w, s, sizeof(s));
		if (r < 0)
			return r;
		if (s[0] == 'y' || s[0] == 'Y' || strcmp(s, "はい") == 0)
			return 1;
		if (s[0] == 'n' || s[0] == 'N' || strcmp(s, "いいえ") == 0)
			return 0;
	}
}

int wiz_address(
	struct wiz *w, const struct sk_text *q, const char *def, int family, bool prefix, char *dst)
{
	for (;;) {
		struct mg_gw_ip ip;
		int r = wiz_text(w, q, def, dst, WIZ_ADDRESS);

		if (r < 0 || mg_gw_ip_parse(dst, family, prefix, &ip) == 0)
			return r;
		if (prefix)
			wiz_say(w, "  An address with its network, such as %s.\n",
				"  %s のように、プレフィックス長を付けて入力してください。\n",
				family == AF_INET ? "192.168.10.1/24" : "2001:db8:10::1/64");
		else
			wiz_say(w, "  An address such as %s.\n",
				"  %s のような形で入力してください。\n",
				family == AF_INET ? "192.168.10.1" : "2001:db8:10::1");
	}
}
