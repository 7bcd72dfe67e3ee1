/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long and how much memory a policy of 10,000 rules over 20 zone pairs takes to apply, against
 * `nft -f` with the same rules as text. Each run in a network namespace of its own, the two in
 * turn, medians of 5. Usage: bench-nft-apply [RULES [RUNS]]. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fw/nft/nft.h"
#include "lib/util.h"

#define RUNS_MAX 99
#define EXPIRY (365 * 86400)

struct sample {
	double first_ms, again_ms; /* into an empty table, over itself */
	double back_ms, drift_ms;  /* first look at the table afterwards, each later one */
	long kib;                  /* peak memory above what was there before */
	struct fw_nft_stats st;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

__attribute__((noreturn)) static void die(const char *what, const struct sk_err *err)
{
	fprintf(stderr, "bench-nft-apply: %s: %s\n", what, err ? err->en : strerror(errno));
	exit(1);
}

/* ---- the policy -------------------------------------------------------------------------------
 */

static void add_zones(struct fw_policy *p)
{
	static const char *const names[] = {"wan", "lan", "dmz", "factory", "guest"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++) {
		struct fw_zone *z = &p->zones[p->n_zones++];
		snprintf(z->name, sizeof(z->name), "%s", names[i]);
		snprintf(z->ifaces[z->n_ifaces++], IFNAMSIZ, "eth%zu", i);
		z->kind = i == 0 ? FW_ZONE_OUTSIDE : FW_ZONE_INSIDE;
		z->reject = i != 0;
	}
	p->site.reverse_path = true;
	p->site.manage_ports[p->site.n_manage_ports++] = 443;
}

static void set(char **field, const char *value)
{
	if (fw_str_set(field, value) < 0)
		die("memory", NULL);
}

/*
 * Every tenth rule has one of 100 address lists, every fifth one of 60 port lists, every seventh is
 * for IPv6.
 */
static void add_rule(struct fw_policy *p, size_t i)
{
	const size_t pair = i % 20, from = pair / 4, to = (from + 1 + pair % 4) % 5;
	char src[96], dst[96], port[32];
	struct sk_err err = {0};
	struct fw_rule r;

	fw_rule_init(&r);
	r.number = (uint32_t)(FW_NUMBER_FIRST + i);
	r.revision = 1;
	r.order = 1000;
	r.kind = i % 50 == 49 ? FW_DENY : FW_ALLOW;
	r.state = FW_APPROVED;
	r.log = true;
	r.registered = time(NULL) - 60;
	r.approved_at = r.registered;
	r.expiry = r.registered + EXPIRY;
	snprintf(src, sizeof(src), "10.%zu.%zu.0/24", i / 250 % 250, i % 250);
	snprintf(dst, sizeof(dst), "172.16.%zu.%zu", i / 250 % 250, i % 250);
	snprintf(port, sizeof(port), "%zu", i % 60000 + 1);
	if (i % 10 == 9)
		snprintf(src, sizeof(src), "10.%zu.1.0/24,10.%zu.3.0/24,10.%zu.5.7", i / 10 % 100,
			i / 10 % 100, i / 10 % 100);
	if (i % 5 == 4)
		snprintf(port, sizeof(port), "80,443,%zu", i / 5 % 60 + 1024);
	if (i % 7 == 6) {
		snprintf(src, sizeof(src), "2001:db8:%zx::/48", i);
		snprintf(dst, sizeof(dst), "2001:db8:ffff::%zx", i);
	}
	set(&r.applicant, "applicant");
	set(&r.approver, "approver");
	set(&r.purpose, "measurement");
	set(&r.from, p->zones[from].name);
	set(&r.to, p->zones[to].name);
	set(&r.source, src);
	set(&r.destination, dst);
	set(&r.protocol, i % 3 ? "tcp" : "udp");
	set(&r.port, port);
	if (fw_policy_add_rule(p, &r, &err) < 0)
		die(err.path, &err);
	fw_rule_done(&r);
}

static struct fw_policy *make_policy(size_t n)
{
	struct fw_policy *p = fw_policy_new();
	struct sk_err err = {0};

	if (!p)
		die("memory", NULL);
	add_zones(p);
	for (size_t i = 0; i < n; i++)
		add_rule(p, i);
	if (fw_policy_finish(p, &err) < 0)
		die(err.path, &err);
	return p;
}

static void write_text(const struct fw_policy *p, char *path)
{
	struct sk_err err = {0};
	struct sk_buf b;
	int fd = mkstemp(path);

	sk_buf_init(&b, 256u << 20);
	if (fw_nft_text(p, &b, &err) < 0)
		die("text", &err);
	if (fd < 0 || write(fd, b.data, b.len) != (ssize_t)b.len || close(fd) < 0)
		die(path, NULL);
	sk_buf_done(&b);
}

/* ---- runs -------------------------------------------------------------------------------------
 */

static long status_kib(const char *key)
{
	char line[256];
	long ret = 0;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)) == 0)
			ret = strtol(line + strlen(key) + 1, NULL, 10);
	}
	if (f)
		fclose(f);
	return ret;
}

static void reset_peak(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "5", 1) != 1)
		die("clear_refs", NULL);
	close(fd);
}

static void apply_run(const struct fw_policy *p, struct sample *s)
{
	struct sk_err err = {0};
	struct fw_nft *n;

	if (fw_nft_open(&n, NULL, &err) < 0)
		die("open", &err);
	reset_peak();
	const long before = status_kib("VmRSS");
	double t = now_ms();
	if (fw_nft_apply(n, p, NULL, 0, NULL, &err) < 0)
		die(err.path, &err);
	s->first_ms = now_ms() - t;
	t = now_ms();
	if (fw_nft_apply(n, p, NULL, 0, &s->st, &err) < 0)
		die(err.path, &err);
	s->again_ms = now_ms() - t;
	s->kib = status_kib("VmHWM") - before;
	for (int i = 0; i < 2; i++) {
		struct fw_drift d;
		t = now_ms();
		if (fw_nft_drift(n, &d, &err) < 0 || d.kind != FW_DRIFT_NONE)
			die(d.what, &err);
		*(i ? &s->drift_ms : &s->back_ms) = now_ms() - t;
	}
	fw_nft_close(n);
}

static double run_nft(const char *path, long *ret_kib)
{
	const double t = now_ms();
	struct rusage ru;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("nft", "nft", "-f", path, (char *)NULL);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &ru) != pid || status != 0)
		die("nft -f", NULL);
	*ret_kib = SK_MAX(*ret_kib, ru.ru_maxrss);
	return now_ms() - t;
}

/* The second load begins by emptying the chains, as a reload script does. */
static void nft_run(const char *path, const char *again, struct sample *s)
{
	s->first_ms = run_nft(path, &s->kib);
	s->again_ms = run_nft(again, &s->kib);
}

/* In a child with its own namespace; the result comes back through a pipe. */
static void in_namespace(
	const struct fw_policy *p, const char *path, const char *again, struct sample *ret)
{
	int fds[2], status;

	if (pipe2(fds, O_CLOEXEC) < 0)
		die("pipe", NULL);
	pid_t pid = fork();
	if (pid == 0) {
		struct sample s = {0};
		if (unshare(CLONE_NEWNET) < 0)
			die("unshare", NULL);
		if (p)
			apply_run(p, &s);
		else
			nft_run(path, again, &s);
		_exit(write(fds[1], &s, sizeof(s)) != sizeof(s));
	}
	close(fds[1]);
	if (read(fds[0], ret, sizeof(*ret)) != sizeof(*ret))
		exit(1);
	close(fds[0]);
	waitpid(pid, &status, 0);
}

/* ---- figures ----------------------------------------------------------------------------------
 */

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double median(const struct sample *s, int n, double (*get)(const struct sample *))
{
	double v[RUNS_MAX];

	for (int i = 0; i < n; i++)
		v[i] = get(&s[i]);
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return v[n / 2];
}

static double first(const struct sample *s)
{
	return s->first_ms;
}

static double again(const struct sample *s)
{
	return s->again_ms;
}

static double back(const struct sample *s)
{
	return s->back_ms;
}

static double drift(const struct sample *s)
{
	return s->drift_ms;
}

static double mib(const struct sample *s)
{
	return (double)s->kib / 1024;
}

static void write_again(const char *path, char *ret)
{
	char cmd[256];
	int fd = mkstemp(ret);

	if (fd < 0)
		die(ret, NULL);
	close(fd);
	/* What nft can do in one transaction without unhooking the chains. */
	snprintf(cmd, sizeof(cmd), "{ echo 'flush table inet " FW_NFT_TABLE "'; cat %s; } > %s",
		path, ret);
	if (system(cmd) != 0)
		die(cmd, NULL);
}

int main(int argc, char **argv)
{
	uint64_t rules = 10000, runs = 5;
	char path[] = "/tmp/bench-nft-XXXXXX", path2[] = "/tmp/bench-nft-XXXXXX";
	static struct sample ours[RUNS_MAX], theirs[RUNS_MAX];

	if ((argc > 1 && sk_parse_u64(argv[1], FW_POLICY_RULES_MAX, &rules) < 0) ||
		(argc > 2 && sk_parse_u64(argv[2], RUNS_MAX, &runs) < 0) || rules == 0 || runs == 0)
		return fprintf(stderr, "usage: bench-nft-apply [RULES [RUNS]]\n"), 2;
	struct fw_policy *p = make_policy(rules);
	write_text(p, path);
	write_again(path, path2);
	const int n = (int)runs;
	for (int i = 0; i < n; i++) {
		in_namespace(p, NULL, NULL, &ours[i]);
		in_namespace(NULL, path, path2, &theirs[i]);
	}
	unlink(path);
	unlink(path2);
	const struct fw_nft_stats *st = &ours[n / 2].st;
	const double a1 = median(ours, n, first), a2 = median(ours, n, again);
	const double b1 = median(theirs, n, first), b2 = median(theirs, n, again);
	printf("%zu records, %zu kernel rules, %zu sets, batch %.1f MB, median of %d\n", p->n_rules,
		st->rules, st->sets, (double)st->batch_bytes / 1e6, n);
	printf("first load    apply %7.1f ms   nft -f %7.1f ms   ratio %.2f  (aim 0.50)%s\n", a1,
		b1, a1 / b1, a1 / b1 > 0.5 ? "  MISSED" : "");
	printf("load again    apply %7.1f ms   nft -f %7.1f ms   ratio %.2f  (aim 0.50)%s\n", a2,
		b2, a2 / b2, a2 / b2 > 0.5 ? "  MISSED" : "");
	printf("peak memory   apply %7.1f MiB  nft    %7.1f MiB  (aim 32 MiB for 10,000)%s\n",
		median(ours, n, mib), median(theirs, n, mib),
		median(ours, n, mib) > 32.0 * (double)SK_MAX(rules, (uint64_t)10000) / 10000
			? "  MISSED"
			: "");
	printf("load again: fill %.1f ms, switch %.1f ms, collect %.1f ms, read back %.1f ms\n",
		(double)st->fill_us / 1e3, (double)st->switch_us / 1e3,
		(double)st->collect_us / 1e3, (double)st->read_back_us / 1e3);
	printf("drift check: first %.1f ms, later %.1f ms\n", median(ours, n, back),
		median(ours, n, drift));
	fw_policy_free(p);
	return 0;
}
