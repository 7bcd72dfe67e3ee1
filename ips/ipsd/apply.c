/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy's way into the workers: read and compile in a thread of its own while packets go on
 * being inspected, handed to every worker between two of its batches, kept on disk for the next
 * start. The old rules stay until all workers have the new ones.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ips/ipsd/daemon.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"

#define FILES_MAX 256
#define POLICY_FILE "policy.json"
#define POLICY_MAX (32u << 20)
#define SETTLE_US 5000
#define SETTLE_TRIES 1000

struct ipsd_job {
	struct ipsd *d;
	char *text;
	size_t len;
	json_t *doc;
	const char *rules[FILES_MAX], *sums[FILES_MAX];
	struct ips_load load;
	char cache_dir[4096];
	bool check;
	int64_t generation;
	struct sk_ipc_client *client;
	uint32_t id;
	pthread_t thread;
	bool started;
	int done_fd;
	uint64_t start_us;
	unsigned tries;
	sd_event_source *settle;
	/* the thread's results */
	struct ips_engine_config cfg;
	struct ips_ruleset *rs;
	bool cached;
	int result;
	struct sk_err err;
	uint64_t compile_us;
};

static void job_free(struct ipsd_job *j)
{
	if (!j)
		return;
	if (j->started)
		pthread_join(j->thread, NULL);
	sd_event_source_disable_unref(j->settle);
	sk_closep(&j->done_fd);
	ips_ruleset_unref(j->rs);
	json_decref(j->doc);
	free(j->text);
	free(j);
}

/* {"path", "sha256"} of an optional key; only the path where sums are not asked for. */
static int file_of(const json_t *root, const char *key, const char **ret, struct sk_err *err)
{
	json_t *o = NULL;
	int r = sk_json_object(root, key, false, &o, err);

	if (r < 0 || !o)
		return r;
	r = sk_json_str(o, "path", true, ret, err);
	if (r < 0)
		sk_err_prefix(err, "%s", key);
	return r;
}

static int files(struct ipsd_job *j, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(j->doc, "rules", true, &list, err);

	if (r < 0)
		return r;
	if (json_array_size(list) > FILES_MAX)
		return sk_err_set(
			err, -E2BIG, "rules", "at most %d files", "%d ファイルまでです", FILES_MAX);
	for (size_t i = 0; i < json_array_size(list) && r == 0; i++) {
		const json_t *o = json_array_get(list, i);

		r = sk_json_str(o, "path", true, &j->rules[i], err);
		if (r == 0)
			r = sk_json_str(o, "sha256", true, &j->sums[i], err);
		if (r < 0)
			sk_err_prefix(err, "rules[%zu]", i);
	}
	j->load.rules = j->rules;
	j->load.sha256 = j->sums;
	j->load.rules_n = json_array_size(list);
	if (r == 0)
		r = file_of(j->doc, "classification", &j->load.classification, err);
	if (r == 0)
		r = file_of(j->doc, "reference", &j->load.reference, err);
	if (r == 0)
		r = file_of(j->doc, "threshold", &j->load.threshold, err);
	return r;
}

static int read_doc(struct ipsd_job *j, struct sk_err *err)
{
	const char *format = NULL;
	int r;

	j->doc = sk_json_parse(j->text, j->len, err);
	if (!j->doc)
		return -EINVAL;
	r = sk_json_str(j->doc, "format", true, &format, err);
	if (r == 0 && strcmp(format, "sekisho-ips-policy-1") != 0)
		r = sk_err_set(
			err, -EINVAL, "format", "unknown format %s", "不明な形式です: %s", format);
	if (r == 0)
		r = sk_json_int(j->doc, "generation", true, &j->generation, err);
	if (r == 0)
		r = files(j, err);
	if (r < 0)
		return r;
	j->load.config_text = j->text;
	j->load.config_len = j->len;
	snprintf(j->cache_dir, sizeof(j->cache_dir), "%s/cache", j->d->opts.state_dir);
	j->load.cache_dir = j->check ? NULL : j->cache_dir;
	return 0;
}

static void *compile(void *arg)
{
	struct ipsd_job *j = arg;
	const uint64_t one = 1;
	uint64_t start = sk_mono_us();

	ips_engine_config_default(&j->cfg, true);
	j->result = ips_load_ruleset(&j->load, j->d->state, &j->cfg, &j->rs, &j->cached, &j->err);
	j->compile_us = sk_mono_us() - start;
	if (write(j->done_fd, &one, sizeof(one)) < 0)
		sk_log(LOG_ERR, "the loader cannot report: %s", strerror(errno));
	return NULL;
}

static void answer(struct ipsd_job *j, int code, const struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	json_t *extra = NULL;

	if (!j->client)
		return;
	if (code == 0)
		extra = json_pack("{s:I,s:s,s:o,s:b,s:I}", "generation", (json_int_t)j->generation,
			"sha256", j->d->sha256, "tally", ipsd_tally(j->rs), "cached", j->cached,
			"compile_ms", (json_int_t)(j->compile_us / 1000));
	end = sk_ipc_end_body(code, err, extra);
	if (!end || sk_ipc_reply(j->client, SK_IPC_END, j->id, end) < 0)
		sk_ipc_client_close(j->client);
}

static int save(const struct ipsd_job *j, struct sk_err *err)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/" POLICY_FILE, j->d->opts.state_dir);
	return sk_file_replace(path, j->text, j->len, 0600, err);
}

/* Sizes of tables are fixed at start. */
static bool sizes_differ(const struct ips_engine_config *a, const struct ips_engine_config *b)
{
	struct ips_engine_config x = *a, y = *b;

	/* What the daemon itself adds is no difference. */
	x.eve.ts = y.eve.ts = false;
	x.eve.iface = y.eve.iface = NULL;
	return memcmp(&x, &y, sizeof(x)) != 0;
}

/* All workers inspect with the new rules: the old ones go, the policy is kept for the next start.
 */
static void finish(struct ipsd_job *j)
{
	struct ipsd *d = j->d;
	struct sk_err err = {0};
	uint8_t sum[32];
	bool saved, restart;

	ips_ruleset_unref(d->rules);
	d->rules = ips_ruleset_ref(j->rs);
	d->generation = j->generation;
	sk_sha256(sum, j->text, j->len);
	sk_hex(d->sha256, sum, sizeof(sum));
	saved = save(j, &err) == 0;
	if (!saved)
		sk_log_err(LOG_WARNING, "the policy is in use but could not be kept", &err);
	answer(j, 0, NULL);
	ipsd_report(d, "apply",
		json_pack("{s:I,s:s,s:o,s:I}", "generation", (json_int_t)d->generation, "sha256",
			d->sha256, "tally", ipsd_tally(d->rules), "compile_ms",
			(json_int_t)(j->compile_us / 1000)));
	sk_log(LOG_INFO, "policy %lld in use: %u rules, %s in %.2f s", (long long)d->generation,
		ips_ruleset_info(d->rules)->rules, j->cached ? "from the cache" : "compiled",
		(double)j->compile_us / 1e6);
	restart = saved && j->client && sizes_differ(&j->cfg, &d->cfg);
	d->job = NULL;
	job_free(j);
	if (!restart)
		return;
	sk_log(LOG_NOTICE, "the engine's settings changed: starting anew");
	ipsd_report(d, "restart", NULL);
	sd_event_exit(d->ev, IPSD_EXIT_RESTART);
}

static void fail(struct ipsd_job *j, int code, const struct sk_err *err)
{
	sk_log_err(LOG_WARNING, "a policy was refused", err);
	answer(j, code, err);
	j->d->job = NULL;
	job_free(j);
}

static int on_settle(sd_event_source *s, uint64_t usec, void *arg)
{
	struct ipsd_job *j = arg;
	struct sk_err err = {0};
	bool all = true;

	for (unsigned i = 0; i < j->d->threads; i++) {
		int r = ipsd_thread_settled(j->d->thread[i]);

		if (r < 0) {
			sk_err_en(&err, r, NULL, "worker %u could not take the rules", i);
			fail(j, r, &err);
			return 0;
		}
		all &= r > 0;
	}
	if (all) {
		finish(j);
	} else if (++j->tries > SETTLE_TRIES) {
		sk_err_en(&err, -ETIMEDOUT, NULL, "the workers do not answer");
		fail(j, -ETIMEDOUT, &err);
	} else {
		sd_event_source_set_time_relative(s, SETTLE_US);
		sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	}
	return 0;
}

static void give_to_workers(struct ipsd_job *j)
{
	for (unsigned i = 0; i < j->d->threads; i++)
		ipsd_thread_rules(j->d->thread[i], ips_ruleset_ref(j->rs));
	if (sd_event_add_time_relative(
		    j->d->ev, &j->settle, CLOCK_MONOTONIC, 0, 1000, on_settle, j) < 0) {
		sk_err_nomem(&j->err);
		fail(j, -ENOMEM, &j->err);
	}
}

static int on_compiled(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct ipsd_job *j = arg;

	j->d->job_io = sd_event_source_disable_unref(j->d->job_io);
	pthread_join(j->thread, NULL);
	j->started = false;
	if (j->result < 0) {
		fail(j, j->result, &j->err);
	} else if (j->check) {
		answer(j, 0, NULL);
		j->d->job = NULL;
		job_free(j);
	} else {
		give_to_workers(j);
	}
	return 0;
}

static int start(struct ipsd_job *j, struct sk_err *err)
{
	int r;

	j->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (j->done_fd < 0)
		return sk_err_en(err, -errno, NULL, "eventfd: %s", strerror(errno));
	r = sd_event_add_io(j->d->ev, &j->d->job_io, j->done_fd, EPOLLIN, on_compiled, j);
	if (r < 0)
		return sk_err_en(err, r, NULL, "event loop: %s", strerror(-r));
	r = -pthread_create(&j->thread, NULL, compile, j);
	if (r < 0) {
		j->d->job_io = sd_event_source_disable_unref(j->d->job_io);
		return sk_err_en(err, r, NULL, "no thread: %s", strerror(-r));
	}
	j->started = true;
	return 0;
}

static int job_new(struct ipsd_job **ret, struct ipsd *d, const char *text, size_t n, bool check,
	struct sk_err *err)
{
	struct ipsd_job *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return sk_err_nomem(err);
	j->d = d;
	j->done_fd = -1;
	j->check = check;
	j->text = malloc(n + 1);
	if (!j->text) {
		free(j);
		return sk_err_nomem(err);
	}
	memcpy(j->text, text, n);
	j->text[n] = '\0';
	j->len = n;
	r = read_doc(j, err);
	if (r < 0) {
		job_free(j);
		return r;
	}
	*ret = j;
	return 0;
}

int ipsd_apply(struct ipsd *d, const char *text, size_t n, bool check, struct sk_ipc_client *client,
	uint32_t id, struct sk_err *err)
{
	struct ipsd_job *j = NULL;
	int r;

	if (d->job)
		return sk_err_set(err, -EBUSY, NULL, "another policy is being loaded; try again",
			"別のポリシーを読み込み中です。しばらくしてから再度実行してください");
	r = job_new(&j, d, text, n, check, err);
	if (r < 0)
		return r;
	j->client = client;
	j->id = id;
	r = start(j, err);
	if (r < 0) {
		job_free(j);
		return r;
	}
	d->job = j;
	return 0;
}

/* At boot: before the queues are bound, so that the first packet is already inspected. */
int ipsd_apply_saved(struct ipsd *d, struct sk_err *err)
{
	struct ipsd_job *j = NULL;
	char path[4096];
	struct sk_buf b;
	uint8_t sum[32];
	int r;

	snprintf(path, sizeof(path), "%s/" POLICY_FILE, d->opts.state_dir);
	sk_buf_init(&b, POLICY_MAX);
	r = sk_file_read(path, &b, err);
	if (r == 0)
		r = job_new(&j, d, sk_buf_str(&b), b.len, false, err);
	sk_buf_done(&b);
	if (r < 0)
		return r;
	ips_engine_config_default(&j->cfg, true);
	r = ips_load_ruleset(&j->load, d->state, &j->cfg, &d->rules, &j->cached, err);
	if (r == 0) {
		d->cfg = j->cfg;
		d->generation = j->generation;
		sk_sha256(sum, j->text, j->len);
		sk_hex(d->sha256, sum, sizeof(sum));
	}
	job_free(j);
	return r;
}

void ipsd_apply_client_gone(struct ipsd *d, struct sk_ipc_client *c)
{
	if (d->job && d->job->client == c)
		d->job->client = NULL;
}

void ipsd_apply_stop(struct ipsd *d)
{
	d->job_io = sd_event_source_disable_unref(d->job_io);
	job_free(d->job);
	d->job = NULL;
}
