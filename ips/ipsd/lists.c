/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocklist's way into the workers: read and checked in a thread of its own, kept on disk for
 * the next start, then handed to every worker between two of its batches. A document with a mistake
 * changes nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ips/ipsd/daemon.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"

#define LISTS_FILE "blocklist"
#define SETTLE_US 2000

struct ipsd_lists_job {
	struct ipsd *d;
	void *doc; /* mapped; sealed, so nobody changes it meanwhile */
	size_t len;
	struct sk_ipc_client *client;
	uint32_t id;
	pthread_t thread;
	bool started;
	int done_fd;
	sd_event_source *io, *settle;
	/* the thread's results */
	struct ips_lists *lists;
	int result;
	struct sk_err err;
	uint64_t load_us;
};

static void path_of(const struct ipsd *d, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s/" LISTS_FILE, d->opts.state_dir);
}

static void job_free(struct ipsd_lists_job *j)
{
	if (!j)
		return;
	if (j->started)
		pthread_join(j->thread, NULL);
	sd_event_source_disable_unref(j->io);
	sd_event_source_disable_unref(j->settle);
	sk_closep(&j->done_fd);
	ips_lists_unref(j->lists);
	if (j->doc)
		munmap(j->doc, j->len);
	free(j);
}

static json_t *kinds(const struct ips_lists_info *i)
{
	json_t *o = json_object();

	for (unsigned k = 0; o && k < SK_BL_KINDS; k++)
		json_object_set_new(o, sk_bl_kind_name(k), json_integer((json_int_t)i->entries[k]));
	return o;
}

static void answer(struct ipsd_lists_job *j, int code, const struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	json_t *extra = NULL;

	if (!j->client)
		return;
	if (code == 0) {
		const struct ips_lists_info *i = ips_lists_info(j->lists);

		extra = json_pack("{s:I,s:s,s:o,s:I,s:I,s:I}", "generation",
			(json_int_t)i->generation, "sha256", i->sha256, "entries", kinds(i),
			"allowed", (json_int_t)i->allowed, "bytes", (json_int_t)i->bytes, "ms",
			(json_int_t)(j->load_us / 1000));
	}
	end = sk_ipc_end_body(code, err, extra);
	if (!end || sk_ipc_reply(j->client, SK_IPC_END, j->id, end) < 0)
		sk_ipc_client_close(j->client);
}

static void end(struct ipsd_lists_job *j, int code, const struct sk_err *err)
{
	struct ipsd *d = j->d;

	if (code < 0)
		sk_log_err(LOG_WARNING, "a blocklist was refused", err);
	answer(j, code, err);
	d->lists_job = NULL;
	job_free(j);
}

/* Whoever was told that it is learned has to know. */
static void forgotten(uint8_t family, const struct ips_addr *a, void *arg)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family == 4 ? AF_INET : AF_INET6, a->w, text, sizeof(text));
	ipsd_report(arg, "forgotten", json_pack("{s:s}", "address", text));
}

static void finish(struct ipsd_lists_job *j)
{
	const struct ips_lists_info *i = ips_lists_info(j->lists);
	struct ipsd *d = j->d;

	ips_lists_unref(d->lists);
	d->lists = ips_lists_ref(j->lists);
	sk_log(LOG_INFO, "blocklist %llu in use, read in %.2f s", (unsigned long long)i->generation,
		(double)j->load_us / 1e6);
	ipsd_report(d, "blocklist",
		json_pack("{s:I,s:s,s:o}", "generation", (json_int_t)i->generation, "sha256",
			i->sha256, "entries", kinds(i)));
	ips_learned_review(d->learned, d->lists, forgotten, d);
	end(j, 0, NULL);
}

/* Every worker will take it: one that does not turn any more ends the process. */
static int on_settle(sd_event_source *s, uint64_t usec, void *arg)
{
	struct ipsd_lists_job *j = arg;
	bool all = true;

	for (unsigned i = 0; i < j->d->threads; i++)
		all &= ipsd_thread_lists_settled(j->d->thread[i]);
	if (all) {
		finish(j);
	} else {
		sd_event_source_set_time_relative(s, SETTLE_US);
		sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	}
	return 0;
}

/* Writing to disk may take long as well; failing is told, and the list is used all the same. */
static void *load(void *arg)
{
	struct ipsd_lists_job *j = arg;
	uint64_t start = sk_mono_us();
	struct sk_err err = {0};
	const uint64_t one = 1;
	char path[4096];

	j->result = ips_lists_new(&j->lists, j->doc, j->len, j->d->seed, &j->err);
	j->load_us = sk_mono_us() - start;
	path_of(j->d, path, sizeof(path));
	if (j->result == 0 && sk_file_replace(path, j->doc, j->len, 0600, &err) < 0)
		sk_log_err(LOG_WARNING, "the blocklist is used but could not be kept", &err);
	if (write(j->done_fd, &one, sizeof(one)) < 0)
		sk_log(LOG_ERR, "the loader cannot report: %s", strerror(errno));
	return NULL;
}

static int on_loaded(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct ipsd_lists_job *j = arg;

	j->io = sd_event_source_disable_unref(j->io);
	pthread_join(j->thread, NULL);
	j->started = false;
	if (j->result < 0) {
		end(j, j->result, &j->err);
		return 0;
	}
	for (unsigned i = 0; i < j->d->threads; i++)
		ipsd_thread_lists(j->d->thread[i], ips_lists_ref(j->lists));
	if (sd_event_add_time_relative(
		    j->d->ev, &j->settle, CLOCK_MONOTONIC, 0, 1000, on_settle, j) < 0) {
		sk_err_nomem(&j->err);
		end(j, -ENOMEM, &j->err);
	}
	return 0;
}

static int start(struct ipsd_lists_job *j, struct sk_err *err)
{
	int r;

	j->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (j->done_fd < 0)
		return sk_err_en(err, -errno, NULL, "eventfd: %s", strerror(errno));
	r = sd_event_add_io(j->d->ev, &j->io, j->done_fd, EPOLLIN, on_loaded, j);
	if (r < 0)
		return sk_err_en(err, r, NULL, "event loop: %s", strerror(-r));
	r = -pthread_create(&j->thread, NULL, load, j);
	if (r < 0)
		return sk_err_en(err, r, NULL, "no thread: %s", strerror(-r));
	j->started = true;
	return 0;
}

static int map(struct ipsd_lists_job *j, int fd, struct sk_err *err)
{
	struct stat st;

	if (fd < 0)
		return sk_err_set(err, -EINVAL, "document", "no document came with the request",
			"文書が添付されていません");
	if (sk_memfd_check(fd, err) < 0)
		return -EPERM;
	if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > (off_t)SK_BL_BYTES_MAX)
		return sk_err_set(err, -EFBIG, "document", "empty, or larger than %u bytes",
			"空か、%u バイトを超えています", SK_BL_BYTES_MAX);
	j->doc = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (j->doc == MAP_FAILED) {
		j->doc = NULL;
		return sk_err_set(err, -errno, "document", "cannot be read", "読み取れません");
	}
	j->len = (size_t)st.st_size;
	return 0;
}

int ipsd_lists_apply(struct ipsd *d, struct sk_ipc_client *client, const struct sk_ipc_msg *m,
	struct sk_err *err)
{
	struct ipsd_lists_job *j;
	int r;

	if (d->lists_job)
		return sk_err_set(err, -EBUSY, NULL, "another blocklist is being loaded; try again",
			"別の不正サイト一覧を読み込み中です。しばらくしてから再度実行してください");
	j = calloc(1, sizeof(*j));
	if (!j)
		return sk_err_nomem(err);
	j->d = d;
	j->done_fd = -1;
	j->client = client;
	j->id = m->id;
	r = map(j, m->fd, err);
	if (r == 0)
		r = start(j, err);
	if (r < 0) {
		job_free(j);
		return r;
	}
	d->lists_job = j;
	return 0;
}

int ipsd_lists_saved(struct ipsd *d, struct sk_err *err)
{
	char path[4096];
	struct sk_buf b;
	int r;

	path_of(d, path, sizeof(path));
	sk_buf_init(&b, SK_BL_BYTES_MAX);
	r = sk_file_read(path, &b, err);
	if (r == 0)
		r = ips_lists_new(&d->lists, b.data, b.len, d->seed, err);
	sk_buf_done(&b);
	return r;
}

void ipsd_lists_client_gone(struct ipsd *d, struct sk_ipc_client *c)
{
	if (d->lists_job && d->lists_job->client == c)
		d->lists_job->client = NULL;
}

void ipsd_lists_stop(struct ipsd *d)
{
	job_free(d->lists_job);
	d->lists_job = NULL;
}

/* ---- questions --------------------------------------------------------------------------- */

json_t *ipsd_lists_status(struct ipsd *d)
{
	uint64_t hits = 0, answered = 0, shared = 0;
	const struct ips_lists_info *i = d->lists ? ips_lists_info(d->lists) : NULL;
	json_t *o;

	for (unsigned k = 0; k < d->threads; k++) {
		struct ipsd_thread_stats s;

		ipsd_thread_stats(d->thread[k], &s);
		hits += s.listed;
		answered += s.answered;
		shared += s.shared;
	}
	o = json_pack("{s:I,s:I,s:I,s:I,s:b}", "hits", (json_int_t)hits, "answered",
		(json_int_t)answered, "learned", (json_int_t)ips_learned_count(d->learned),
		"shared", (json_int_t)shared, "loading", d->lists_job != NULL);
	if (!o || !i)
		return o;
	json_object_update_new(o,
		json_pack("{s:I,s:s,s:I,s:I,s:I,s:I,s:I}", "generation", (json_int_t)i->generation,
			"sha256", i->sha256, "domains",
			(json_int_t)(i->entries[SK_BL_DOMAIN] + i->entries[SK_BL_SUFFIX]), "urls",
			(json_int_t)i->entries[SK_BL_URL], "fingerprints",
			(json_int_t)(i->entries[SK_BL_JA3] + i->entries[SK_BL_JA4] +
				i->entries[SK_BL_CERT]),
			"allowed", (json_int_t)i->allowed, "bytes", (json_int_t)i->bytes));
	return o;
}

static void address_of(uint8_t family, unsigned __int128 v, struct ips_addr *ret)
{
	*ret = (struct ips_addr){{0}};
	for (unsigned i = 0, words = family == 4 ? 1 : 4; i < words; i++)
		ret->w[i] = htobe32((uint32_t)(v >> (32 * (words - 1 - i))));
}

int ipsd_lists_spare(struct ipsd *d, const char *text, bool *ret_was)
{
	unsigned __int128 lo, hi;
	enum sk_bl_kind kind;
	struct ips_addr a;
	uint8_t family;

	if (sk_bl_guess(text, &kind) < 0 || (kind != SK_BL_ADDR4 && kind != SK_BL_ADDR6) ||
		sk_bl_range(kind, text, strlen(text), &lo, &hi) < 0 || lo != hi)
		return -EINVAL;
	family = kind == SK_BL_ADDR4 ? 4 : 6;
	address_of(family, lo, &a);
	*ret_was = ips_learned_unlisted(d->learned, family, &a, (uint64_t)sk_now_us());
	return 0;
}

/* An address is listed here only as that of a listed name. */
static enum ips_lists_verdict test_address(struct ipsd *d, enum sk_bl_kind kind, const char *text,
	size_t n, char name[IPS_LISTS_NAME_MAX], struct ips_lists_hit *hit)
{
	uint8_t family = kind == SK_BL_ADDR4 ? 4 : 6;
	unsigned __int128 lo, hi;
	struct ips_addr a;
	uint32_t len;

	if (sk_bl_range(kind, text, n, &lo, &hi) < 0 || lo != hi)
		return IPS_LISTS_NONE;
	address_of(family, lo, &a);
	if (ips_lists_allows(d->lists, family, &a)) {
		*hit = (struct ips_lists_hit){kind, SK_BL_ALLOW, text, (uint32_t)n};
		return IPS_LISTS_ALLOWED;
	}
	len = ips_learned_get(d->learned, family, &a, (uint64_t)sk_now_us(), name);
	return len ? ips_lists_name(d->lists, name, len, hit) : IPS_LISTS_NONE;
}

/* A request for a URL is held against its host first. */
static enum ips_lists_verdict test_url(
	struct ipsd *d, const char *url, size_t n, struct ips_lists_hit *hit)
{
	enum ips_lists_verdict of_url, of_host;
	struct ips_lists_hit host_hit;
	size_t host = 0;

	while (host < n && url[host] != '/' && url[host] != '?' && url[host] != ':')
		host++;
	of_url = ips_lists_url(d->lists, url, n, hit);
	of_host = ips_lists_name(d->lists, url, host, &host_hit);
	if (of_host <= of_url)
		return of_url;
	*hit = host_hit;
	return of_host;
}

json_t *ipsd_lists_test(struct ipsd *d, enum sk_bl_kind kind, const char *text, size_t n)
{
	static const char *const verdicts[] = {
		[IPS_LISTS_NONE] = "none",
		[IPS_LISTS_MONITOR] = "monitor",
		[IPS_LISTS_BLOCK] = "block",
		[IPS_LISTS_ALLOWED] = "allowed",
	};
	enum ips_lists_verdict v = IPS_LISTS_NONE;
	struct ips_lists_hit hit = {.feed = SK_BL_ALLOW};
	char name[IPS_LISTS_NAME_MAX];

	if (!d->lists)
		return json_pack("{s:s}", "verdict", "none");
	switch (kind) {
	case SK_BL_ADDR4:
	case SK_BL_ADDR6: v = test_address(d, kind, text, n, name, &hit); break;
	case SK_BL_DOMAIN:
	case SK_BL_SUFFIX: v = ips_lists_name(d->lists, text, n, &hit); break;
	case SK_BL_URL: v = test_url(d, text, n, &hit); break;
	default: v = ips_lists_print(d->lists, kind, text, n, &hit); break;
	}
	if (v == IPS_LISTS_NONE)
		return json_pack("{s:s}", "verdict", verdicts[v]);
	return json_pack("{s:s,s:s,s:s%,s:s}", "verdict", verdicts[v], "feed",
		ips_lists_feed(d->lists, hit.feed), "entry", hit.entry, (size_t)hit.len, "kind",
		sk_bl_kind_name(hit.kind));
}
