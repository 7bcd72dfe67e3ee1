/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into the reference engine by tests/conform/reference. The engine loads its rules once;
 * where it would start its first thread, this forks one child a capture instead. Each child so
 * starts from the same untouched state and goes on as if it had been started for that capture.
 *
 * Environment: FORKPOINT_JOBS, a file of lines "CAPTURE<tab>OUT"; FORKPOINT_LOGDIR, whose open
 * files become OUT.<name> in the child; FORKPOINT_PARALLEL, children at a time. A child that did
 * not end well leaves OUT.failed with its wait status: exit code 98 means that the capture cannot
 * be read.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PARALLEL 16
#define MAX_FDS 256
#define SECONDS_EACH 300
enum {
	EXIT_BROKEN = 97,
	EXIT_UNREADABLE = 98,
};

struct pcap;

struct child {
	pid_t pid;
	const char *out;
};

static char job_capture[PATH_MAX];
static int eve_fd = -1;
static bool forked;
static bool reading;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "forkpoint: %s: %s\n", what, strerror(errno));
	_exit(EXIT_BROKEN);
}

/* The file behind each descriptor tells which it is: there may be no /proc in a chroot. */
static void redirect_one(const char *logdir, const char *name, const char *out)
{
	char path[2 * PATH_MAX];
	struct stat want;
	struct stat have;

	snprintf(path, sizeof(path), "%s/%s", logdir, name);
	if (stat(path, &want) < 0 || !S_ISREG(want.st_mode))
		return;
	snprintf(path, sizeof(path), "%s.%s", out, name);
	for (int fd = 3; fd < MAX_FDS; fd++) {
		if (fstat(fd, &have) < 0 || have.st_ino != want.st_ino ||
			have.st_dev != want.st_dev)
			continue;

		int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);

		if (to < 0 || dup2(to, fd) < 0)
			die(path);
		close(to);
		if (strcmp(name, "eve.json") == 0)
			eve_fd = fd;
	}
}

static void redirect(const char *logdir, const char *out)
{
	DIR *dir = opendir(logdir);
	struct dirent *ent;

	if (!dir)
		die(logdir);
	while ((ent = readdir(dir)))
		redirect_one(logdir, ent->d_name, out);
	closedir(dir);
	if (eve_fd < 0)
		die("no eve.json is open");
}

static void mark_failed(const char *out, int status)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s.failed", out);

	FILE *f = fopen(path, "we");

	if (!f) {
		perror(path);
		_exit(EXIT_BROKEN);
	}
	fprintf(f, "%s %d\n", WIFEXITED(status) ? "exit" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	fclose(f);
}

/* Waits for one child; a signal meant for the engine is no reason to stop. */
static void reap(struct child *children, int *running)
{
	int status = 0;
	pid_t pid;

	do
		pid = wait(&status);
	while (pid < 0 && errno == EINTR);
	if (pid < 0)
		die("wait");
	for (int i = 0; i < *running; i++) {
		if (children[i].pid != pid)
			continue;
		if (status != 0)
			mark_failed(children[i].out, status);
		children[i] = children[--*running];
		return;
	}
}

static pid_t start_child(const char *capture, const char *out)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return pid;
	if (snprintf(job_capture, sizeof(job_capture), "%s", capture) >= (int)sizeof(job_capture))
		die(capture);
	redirect(getenv("FORKPOINT_LOGDIR"), out);
	alarm(SECONDS_EACH);
	return 0;
}

/* The whole list at once: a stream shared with children would have its offset moved by them. */
static char *read_jobs(void)
{
	const char *path = getenv("FORKPOINT_JOBS");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path);

	char *text = calloc(1, (size_t)st.st_size + 1);

	if (!text || read(fd, text, (size_t)st.st_size) != st.st_size)
		die(path);
	close(fd);
	return text;
}

static int parallel(void)
{
	const char *text = getenv("FORKPOINT_PARALLEL");
	long n = text ? strtol(text, NULL, 10) : 2;

	return n < 1 ? 1 : n > MAX_PARALLEL ? MAX_PARALLEL : (int)n;
}

/* Returns in the children only. */
static void serve(void)
{
	struct child children[MAX_PARALLEL];
	int limit = parallel();
	int running = 0;
	char *next = read_jobs();
	char *line;

	/* The engine's handlers would only note an end that every later child then inherits. */
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	while ((line = strsep(&next, "\n"))) {
		char *tab = strchr(line, '\t');

		if (!tab)
			continue;
		*tab = '\0';
		while (running >= limit)
			reap(children, &running);

		pid_t pid = start_child(line, tab + 1);

		if (pid == 0)
			return;
		children[running++] = (struct child){.pid = pid, .out = tab + 1};
	}
	while (running > 0)
		reap(children, &running);
	_exit(0);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
		dlsym(RTLD_NEXT, "pthread_create");

	if (!forked && getenv("FORKPOINT_JOBS")) {
		forked = true;
		serve();
	}
	return real(thread, attr, start, arg);
}

struct pcap *pcap_open_offline(const char *name, char *errbuf)
{
	struct pcap *(*real)(const char *, char *) = dlsym(RTLD_NEXT, "pcap_open_offline");

	return real(job_capture[0] ? job_capture : name, errbuf);
}

int pcap_dispatch(struct pcap *p, int count, void *callback, unsigned char *user)
{
	int (*real)(struct pcap *, int, void *, unsigned char *) =
		dlsym(RTLD_NEXT, "pcap_dispatch");

	reading = true;
	return real(p, count, callback, user);
}

/* Closed before the first packet: it cannot be read, and the engine would now wait for a minute. */
void pcap_close(struct pcap *p)
{
	void (*real)(struct pcap *) = dlsym(RTLD_NEXT, "pcap_close");

	real(p);
	if (job_capture[0] && !reading)
		_exit(EXIT_UNREADABLE);
}

/* Once the events are on disk the work is done: freeing 30,000 rules takes longer than using them.
 */
int fclose(FILE *f)
{
	int (*real)(FILE *) = dlsym(RTLD_NEXT, "fclose");
	bool last = job_capture[0] && eve_fd >= 0 && fileno(f) == eve_fd;
	int ret = real(f);

	if (last)
		_exit(0);
	return ret;
}
