/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader of captures: the same worker the queue has, fed from files, its events written to
 * eve.json. Every capture starts with empty tables, so results do not depend on their order.
 */
#include "ips/ipsd/offline.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ips/capture/capture.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/util.h"

struct run {
	const struct ips_offline *o;
	struct ips_engine_config cfg;
	struct ips_state *state;
	struct ips_ruleset *rules;
	struct ips_lists *lists; /* NULL: none */
	uint8_t seed[16];
	FILE *eve;
	const char *name; /* of the capture, when there are several */
	uint64_t frames, bytes, alerts;
};

static void on_event(enum ips_event_kind kind, const struct ips_event_key *key, const char *json,
	size_t len, void *arg)
{
	struct run *r = arg;

	r->alerts += kind == IPS_LOG_ALERT;
	if (!r->name) {
		fwrite(json, 1, len, r->eve);
		fputc('\n', r->eve);
		return;
	}
	fwrite(json, 1, len - 1, r->eve);
	fprintf(r->eve, ",\"pcap_filename\":\"%s\"}\n", r->name);
}

static int frames(struct run *r, struct ips_worker *w, struct ips_capture *c, const char *path)
{
	enum ips_link link = ips_capture_link(c);
	struct ips_verdict verdict;
	struct ips_meta meta = {0};
	struct sk_err err = {0};
	struct ips_view frame;
	int n;

	while ((n = ips_capture_next(c, &frame, &meta.ts_us, &err)) > 0) {
		ips_worker_packet(w, link, frame, &meta, &verdict);
		r->frames++;
		r->bytes += frame.len;
	}
	if (n < 0)
		sk_log(LOG_WARNING, "%s: read up to frame %llu: %s", path,
			(unsigned long long)r->frames, sk_err_text(&err, SK_EN));
	ips_worker_finish(w);
	return 0;
}

static int one_capture(struct run *r, const char *path, struct sk_err *err)
{
	static const struct ips_worker_ops ops = {.event = on_event};
	struct ips_capture *c = NULL;
	struct ips_worker *w = NULL;
	struct ips_learned *learned;
	uint8_t seed[16];
	int ret;

	if (ips_capture_open(&c, path, err) < 0) {
		sk_log(LOG_WARNING, "%s: %s", path, sk_err_text(err, SK_EN));
		return 0;
	}
	randombytes_buf(seed, sizeof(seed));
	ips_state_clear(r->state);
	learned = ips_learned_new(seed);
	ret = learned ? ips_worker_new(&w, &r->cfg, r->state, seed, &ops, r, err)
		      : sk_err_nomem(err);
	if (ret == 0)
		ret = ips_worker_rules(w, r->rules, err);
	if (ret == 0) {
		ips_worker_lists(w, r->lists, learned);
		ret = frames(r, w, c, path);
	}
	ips_worker_free(w);
	ips_learned_free(learned);
	ips_capture_close(c);
	return ret;
}

static int all_captures(struct run *r, struct sk_err *err)
{
	char **list = NULL;
	size_t n = 0;
	int ret = ips_capture_list(r->o->read, &list, &n, err);

	for (size_t i = 0; i < n && ret == 0; i++) {
		char name[1024];

		if (n > 1)
			r->name = sk_escape(name, sizeof(name), list[i], strlen(list[i]));
		ret = one_capture(r, list[i], err);
	}
	ips_capture_list_free(list, n);
	return ret;
}

static int open_eve(struct run *r, struct sk_err *err)
{
	char path[4096];
	int ret = sk_mkdir_p(r->o->log_dir, 0750, err);

	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "%s/eve.json", r->o->log_dir);
	r->eve = fopen(path, "we");
	if (!r->eve)
		return sk_err_en(err, -errno, path, "cannot write: %s", strerror(errno));
	setvbuf(r->eve, NULL, _IOFBF, 1 << 20);
	return 0;
}

static int close_eve(struct run *r, struct sk_err *err)
{
	bool bad = ferror(r->eve);

	if (fclose(r->eve) != 0 || bad)
		return sk_err_en(err, -EIO, r->o->log_dir, "eve.json could not be written whole");
	return 0;
}

static int load_lists(struct run *r, struct sk_err *err)
{
	struct sk_buf b;
	int ret;

	if (!r->o->blocklist)
		return 0;
	sk_buf_init(&b, SK_BL_BYTES_MAX);
	ret = sk_file_read(r->o->blocklist, &b, err);
	if (ret == 0)
		ret = ips_lists_new(&r->lists, b.data, b.len, r->seed, err);
	if (ret < 0)
		sk_err_prefix(err, "%s", r->o->blocklist);
	sk_buf_done(&b);
	return ret;
}

int ips_offline_run(const struct ips_offline *o, struct sk_err *err)
{
	struct ips_state_config sc;
	struct run r = {.o = o};
	int ret, ret2;

	if (sodium_init() < 0)
		return sk_err_en(err, -EIO, NULL, "libsodium does not start");
	randombytes_buf(r.seed, sizeof(r.seed));
	ips_engine_config_default(&r.cfg, o->inline_mode);
	ips_state_config_default(&sc);
	r.state = ips_state_new(&sc, r.seed);
	if (!r.state)
		return sk_err_nomem(err);
	ret = ips_load_ruleset(&o->load, r.state, &r.cfg, &r.rules, NULL, err);
	if (ret == 0)
		ret = load_lists(&r, err);
	if (ret == 0)
		ret = open_eve(&r, err);
	if (ret == 0) {
		ret = all_captures(&r, err);
		ret2 = close_eve(&r, ret == 0 ? err : NULL);
		if (ret == 0)
			ret = ret2;
	}
	if (ret == 0)
		sk_log(LOG_INFO, "%llu frames, %llu bytes, %llu alerts",
			(unsigned long long)r.frames, (unsigned long long)r.bytes,
			(unsigned long long)r.alerts);
	ips_ruleset_unref(r.rules);
	ips_lists_unref(r.lists);
	ips_state_free(r.state);
	return ret;
}
