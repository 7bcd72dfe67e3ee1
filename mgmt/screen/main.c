// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sekisho-screen: a program on this machine's own screen, with Japanese, which the kernel's text
 * console cannot show. The program keeps its rights; what reads its output and draws it gives up
 * all of its own before it reads a byte. Where there is nothing to draw on, the program runs on the
 * text console, in English.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "lib/sandbox.h"
#include "lib/util.h"
#include "mgmt/screen/draw.h"
#include "mgmt/screen/fb.h"

#define FONT "/usr/share/fonts/truetype/vlgothic/VL-Gothic-Regular.ttf"
#define USER "sekisho-screen"
/* What is done of the output before the screen is drawn, and keys and signals are looked at again:
 * bytes that are read, so many at a time, and cells that they write or move. */
#define BURST (64u << 10)
#define PIECE 512
#define WORK (8u << 20)
#define AGAIN_MS 50

struct screen {
	const char *font_path, *fb_path;
	struct scr_fb fb;
	struct scr_layout layout;
	struct scr_font *font;
	struct scr_vt *vt;
	void *lines; /* one row of cells */
	int tty, master, signals;
	pid_t child;
	sigset_t mask; /* as it was */
	struct termios keyboard;
	bool active; /* this terminal is the one that is seen */
};

static int usage(FILE *f, int code)
{
	fputs("usage: sekisho-screen [OPTION...] [--] PROGRAM [ARGUMENT...]\n"
	      "  --font FILE         (" FONT ")\n"
	      "  --framebuffer FILE  (/dev/fb0)\n"
	      "  --version, --help\n",
		f);
	return code;
}

/* ---- what is seen -----------------------------------------------------------------------------
 */
static void draw(struct screen *s)
{
	const size_t rows = scr_vt_rows(s->vt), height = s->layout.height;

	for (size_t i = 0; s->active && i < rows; i++) {
		if (!scr_vt_changed(s->vt, i))
			continue;
		memset(s->lines, 0, s->fb.line * height);
		scr_draw_row(s->font, &s->fb.format, s->vt, i, s->lines, s->fb.line);
		scr_fb_write(&s->fb, i * height, s->lines, height);
	}
}

static void appear(struct screen *s)
{
	const size_t height = s->layout.height;

	s->active = true;
	scr_fb_home(&s->fb);
	memset(s->lines, 0, s->fb.line * height);
	for (size_t y = scr_vt_rows(s->vt) * height; y < s->fb.height; y += height)
		scr_fb_write(&s->fb, y, s->lines, SK_MIN(height, s->fb.height - y));
	scr_vt_change_all(s->vt);
}

/* Is tty a terminal of this machine's screen, and the one that is seen? */
static bool on_screen(int tty, bool *ret_active)
{
	struct vt_stat state;
	struct stat st;

	if (fstat(tty, &st) < 0 || ioctl(tty, VT_GETSTATE, &state) < 0)
		return false;
	*ret_active = minor(st.st_rdev) == state.v_active;
	return true;
}

/* The kernel stops drawing there, and asks before another terminal is shown. */
static int take_terminal(struct screen *s, struct sk_err *err)
{
	const struct vt_mode mode = {.mode = VT_PROCESS, .relsig = SIGUSR1, .acqsig = SIGUSR2};
	struct termios raw;

	int r = tcgetattr(s->tty, &s->keyboard);

	if (r == 0)
		r = ioctl(s->tty, VT_SETMODE, &mode);
	if (r == 0 && ioctl(s->tty, KDSETMODE, KD_GRAPHICS) < 0) {
		r = -1;
		ioctl(s->tty, VT_SETMODE, &(struct vt_mode){.mode = VT_AUTO});
	}
	if (r < 0)
		return sk_err_set(err, -errno, NULL, "the terminal cannot be taken over: %s",
			"端末を使用できません: %s", strerror(errno));
	raw = s->keyboard;
	cfmakeraw(&raw);
	tcsetattr(s->tty, TCSANOW, &raw);
	return 0;
}

static void give_back(struct screen *s)
{
	const struct vt_mode mode = {.mode = VT_AUTO};

	ioctl(s->tty, KDSETMODE, KD_TEXT);
	ioctl(s->tty, VT_SETMODE, &mode);
	tcsetattr(s->tty, TCSANOW, &s->keyboard);
}

/* ---- beginning --------------------------------------------------------------------------------
 */
static int prepare(struct screen *s, struct sk_err *err)
{
	int r;

	if (!on_screen(s->tty, &s->active))
		return sk_err_set(err, -ENOTTY, NULL, "this is no terminal of the machine's screen",
			"本体の画面の端末ではありません");
	r = scr_fb_open(s->fb_path, &s->fb, err);
	if (r < 0)
		return r;
	if (!scr_layout(s->fb.width, s->fb.height, &s->layout))
		return sk_err_set(err, -ENODEV, NULL, "the screen is too small (%zu x %zu)",
			"画面が小さすぎます (%zu x %zu)", s->fb.width, s->fb.height);
	r = scr_font_new(s->font_path, &s->layout, &s->font, err);
	if (r < 0)
		return r;
	s->vt = scr_vt_new(s->layout.rows, s->layout.cols);
	s->lines = calloc(s->layout.height, s->fb.line);
	return s->vt && s->lines ? 0 : sk_err_nomem(err);
}

static void run(char **argv)
{
	execvp(argv[0], argv);
	fprintf(stderr, "sekisho-screen: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* English, since nothing else can be read there; SEKISHO_SCREEN tells that it is the screen. */
static void text_console(char **argv, const struct sk_err *err)
{
	fprintf(stderr, "sekisho-screen: no Japanese on this screen: %s\n",
		sk_err_text(err, SK_EN));
	unsetenv("LC_ALL");
	unsetenv("LC_MESSAGES");
	setenv("LANG", "C.UTF-8", 1);
	setenv("SEKISHO_SCREEN", "text", 1);
	run(argv);
}

static void done(struct screen *s)
{
	scr_font_free(s->font);
	scr_vt_free(s->vt);
	scr_fb_close(&s->fb);
	free(s->lines);
}

/* Before the kernel is told to send them. */
static int catch_signals(struct screen *s, struct sk_err *err)
{
	sigset_t set;

	sigemptyset(&set);
	for (const int *p = (const int[]){SIGCHLD, SIGHUP, SIGTERM, SIGUSR1, SIGUSR2, 0}; *p; p++)
		sigaddset(&set, *p);
	sigprocmask(SIG_BLOCK, &set, &s->mask);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? sk_err_en(err, -errno, NULL, "signalfd: %s", strerror(errno)) : 0;
}

static int start(struct screen *s, char **argv, struct sk_err *err)
{
	const struct winsize size = {
		.ws_row = (unsigned short)s->layout.rows, .ws_col = (unsigned short)s->layout.cols};
	struct termios t = s->keyboard;

	t.c_iflag |= IUTF8 | ICRNL | IXON;
	t.c_oflag |= OPOST | ONLCR;
	t.c_lflag |= ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | ISIG | IEXTEN;
	s->child = forkpty(&s->master, NULL, &t, &size);
	if (s->child == 0) {
		sigprocmask(SIG_SETMASK, &s->mask, NULL);
		setenv("TERM", "linux", 1);
		setenv("SEKISHO_SCREEN", "graphic", 1);
		run(argv);
	}
	if (s->child < 0)
		return sk_err_en(err, -errno, NULL, "%s: %s", argv[0], strerror(errno));
	fcntl(s->master, F_SETFD, FD_CLOEXEC);
	fcntl(s->master, F_SETFL, O_NONBLOCK);
	return 0;
}

/* From here on: no other file, no right of root, no new process. */
static int confine(struct sk_err *err)
{
	static const char *const none[] = {NULL};
	const struct sk_sandbox_files files = {.read = {none, none}, .write = none};
	int r = sk_sandbox_caps(USER, 0, err);

	if (r == 0)
		r = sk_sandbox_files(&files, err);
	return r == 0 ? sk_sandbox_seccomp((const char *const[]){"wait4", NULL}, err) : r;
}

/* ---- work -------------------------------------------------------------------------------------
 */
/* Keys to the program. What it does not read in time is lost, as with every keyboard. */
static bool typed(struct screen *s)
{
	char buf[256];
	const ssize_t n = read(s->tty, buf, sizeof(buf));

	if (n > 0 && write(s->master, buf, (size_t)n) < 0 && errno != EAGAIN && errno != EIO)
		return false;
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Output of the program. false: nobody has its side open (login(1) opens it again). */
static bool written(struct screen *s)
{
	char buf[PIECE], back[64];
	size_t total = 0, work = 0, m;
	ssize_t n = 0;

	while (total < BURST && work < WORK && (n = read(s->master, buf, sizeof(buf))) > 0) {
		scr_vt_feed(s->vt, buf, (size_t)n);
		total += (size_t)n;
		work += scr_vt_work(s->vt);
	}
	m = scr_vt_answer(s->vt, back, sizeof(back));
	if (m && write(s->master, back, m) < 0 && errno != EAGAIN && errno != EIO)
		return false;
	return n > 0 || (n < 0 && errno == EAGAIN);
}

/* The program's exit code once it has ended; -1: it has not. */
static int ended(const struct screen *s)
{
	int status;

	if (waitpid(s->child, &status, WNOHANG) != s->child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* >= 0: the exit code. */
static int signalled(struct screen *s)
{
	struct signalfd_siginfo info;
	int code = -1;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGUSR1:
			s->active = false;
			ioctl(s->tty, VT_RELDISP, 1);
			break;
		case SIGUSR2:
			ioctl(s->tty, VT_RELDISP, VT_ACKACQ);
			appear(s);
			break;
		case SIGCHLD:
			if (code < 0)
				code = ended(s);
			break;
		default: code = 128 + (int)info.ssi_signo; break; /* closing the pty ends it */
		}
	}
	return code;
}

static int work(struct screen *s)
{
	struct pollfd fds[] = {{.fd = s->signals, .events = POLLIN},
		{.fd = s->tty, .events = POLLIN}, {.fd = s->master, .events = POLLIN}};
	int code = -1;

	if (s->active)
		appear(s);
	while (code < 0) {
		draw(s);
		if (poll(fds, SK_ARRAY_SIZE(fds), fds[2].fd < 0 ? AGAIN_MS : -1) < 0 &&
			errno != EINTR)
			return 1;
		if (fds[0].revents)
			code = signalled(s);
		if (fds[1].revents && !typed(s))
			return 1;
		if (fds[2].fd < 0 || fds[2].revents)
			fds[2].fd = written(s) ? s->master : -1;
	}
	written(s);
	draw(s);
	return code;
}

enum { O_FONT = 256, O_FB, O_VERSION, O_HELP };

static const struct option longopts[] = {
	{"font", required_argument, NULL, O_FONT},
	{"framebuffer", required_argument, NULL, O_FB},
	{"version", no_argument, NULL, O_VERSION},
	{"help", no_argument, NULL, O_HELP},
	{0},
};

int main(int argc, char **argv)
{
	struct screen s = {.font_path = FONT,
		.fb_path = "/dev/fb0",
		.fb = {.fd = -1},
		.master = -1,
		.tty = STDIN_FILENO,
		.signals = -1};
	struct sk_err err = {0};
	int c, r;

	while ((c = getopt_long(argc, argv, "+", longopts, NULL)) != -1)
		switch (c) {
		case O_FONT: s.font_path = optarg; break;
		case O_FB: s.fb_path = optarg; break;
		case O_VERSION: printf("sekisho-screen %s\n", SK_VERSION); return 0;
		case O_HELP: return usage(stdout, 0);
		default: return usage(stderr, 2);
		}
	if (optind >= argc)
		return usage(stderr, 2);
	r = prepare(&s, &err);
	if (r == 0)
		r = catch_signals(&s, &err);
	if (r == 0)
		r = take_terminal(&s, &err);
	if (r < 0) {
		if (s.signals >= 0)
			sigprocmask(SIG_SETMASK, &s.mask, NULL);
		done(&s);
		text_console(argv + optind, &err);
	}
	r = start(&s, argv + optind, &err);
	if (r == 0)
		r = confine(&err);
	if (r == 0)
		r = work(&s);
	give_back(&s);
	if (err.code)
		fprintf(stderr, "sekisho-screen: %s\n", sk_err_text(&err, SK_EN));
	done(&s);
	return r < 0 ? 1 : r;
}
