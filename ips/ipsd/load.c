/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading what the rule parser and the compiler want. A file that is named must be readable; files
 * that may stand beside the rules (classification.config and so on) are taken if they are there.
 */
#include "ips/ipsd/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"

#define PATH_CAP 4096

typedef int text_fn(struct ips_rules *r, const char *text, size_t n, struct sk_err *err);

static int with_file(const char *path, struct ips_rules *r, text_fn *fn, struct sk_err *err)
{
	struct sk_buf b;
	int ret;

	sk_buf_init(&b, IPS_RULE_FILE_MAX);
	ret = sk_file_read(path, &b, err);
	if (ret == 0)
		ret = fn(r, sk_buf_str(&b), b.len, err);
	if (ret < 0)
		sk_err_prefix(err, "%s", path);
	sk_buf_done(&b);
	return ret;
}

/* The content is what somebody approved: checked on the very bytes that are parsed. */
static int check_sum(const struct sk_buf *b, const char *want, struct sk_err *err)
{
	uint8_t sum[32];
	char hex[65];

	if (!want)
		return 0;
	sk_sha256(sum, b->data, b->len);
	sk_hex(hex, sum, sizeof(sum));
	return strcmp(hex, want) == 0
		? 0
		: sk_err_set(err, -EBADMSG, "sha256", "the file is not the one that was imported",
			  "取り込んだファイルと内容が異なります");
}

static int one_rule_file(
	struct ips_rules *r, const char *path, const char *sha256, struct sk_err *err)
{
	struct sk_buf b;
	int ret;

	sk_buf_init(&b, IPS_RULE_FILE_MAX);
	ret = sk_file_read(path, &b, err);
	if (ret == 0)
		ret = check_sum(&b, sha256, err);
	if (ret == 0)
		ret = ips_rules_parse(r, path, sk_buf_str(&b), b.len);
	if (ret == -ENOMEM)
		sk_err_nomem(err);
	sk_buf_done(&b);
	return ret;
}

static int is_rules(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 6 && strcmp(d->d_name + n - 6, ".rules") == 0;
}

static int rule_folder(struct ips_rules *r, const char *path, struct sk_err *err)
{
	struct dirent **list;
	int n = scandir(path, &list, is_rules, alphasort), ret = 0;

	if (n < 0)
		return sk_err_en(err, -errno, path, "cannot list the folder: %s", strerror(errno));
	if (n == 0)
		ret = sk_err_set(err, -ENOENT, path, "the folder holds no *.rules file",
			"フォルダーに *.rules ファイルがありません");
	for (int i = 0; i < n; i++) {
		char file[PATH_CAP];

		snprintf(file, sizeof(file), "%s/%s", path, list[i]->d_name);
		if (ret == 0)
			ret = one_rule_file(r, file, NULL, err);
		free(list[i]);
	}
	free(list);
	return ret;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The file called name beside the first rule file (or in the first folder), or NULL. */
static const char *beside(const struct ips_load *l, const char *name, char *dst)
{
	const char *slash;

	if (l->rules_n == 0)
		return NULL;
	slash = strrchr(l->rules[0], '/');
	if (is_folder(l->rules[0]))
		snprintf(dst, PATH_CAP, "%s/%s", l->rules[0], name);
	else if (slash)
		snprintf(dst, PATH_CAP, "%.*s/%s", (int)(slash - l->rules[0]), l->rules[0], name);
	else
		snprintf(dst, PATH_CAP, "%s", name);
	return access(dst, R_OK) == 0 ? dst : NULL;
}

static int load_vars(struct ips_rules *r, const json_t *root, struct sk_err *err)
{
	json_t *vars = NULL;
	const char *key;
	json_t *v;
	int ret = sk_json_object(root, "vars", false, &vars, err);

	if (ret < 0 || !vars)
		return ret;
	json_object_foreach (vars, key, v) {
		if (!json_is_string(v))
			ret = sk_err_set(err, -EINVAL, key,
				"must be text, such as \"[192.168.0.0/16]\"",
				"\"[192.168.0.0/16]\" のような文字列にしてください");
		else
			ret = ips_rules_var(r, key, json_string_value(v), err);
		if (ret < 0) {
			sk_err_prefix(err, "vars");
			return ret;
		}
	}
	return 0;
}

static int load_config(const struct ips_load *l, struct ips_rules *r, struct ips_policy **policy,
	struct ips_engine_config *cfg, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *root = NULL;
	struct sk_buf b;
	int ret = 0;

	if (!l->config && !l->config_text)
		return 0;
	sk_buf_init(&b, 32u * 1024 * 1024);
	if (l->config_text)
		sk_buf_put(&b, l->config_text, l->config_len);
	else
		ret = sk_file_read(l->config, &b, err);
	if (ret < 0)
		goto out;
	root = sk_json_parse(sk_buf_str(&b), b.len, err);
	ret = root ? load_vars(r, root, err) : -EINVAL;
	if (ret == 0)
		ret = ips_engine_config_parse(cfg, sk_buf_str(&b), b.len, err);
	if (ret == 0 &&
		(json_object_get(root, "criteria") || json_object_get(root, "exceptions") ||
			json_object_get(root, "profile")))
		ret = ips_policy_parse(policy, sk_buf_str(&b), b.len, err);
out:
	sk_buf_done(&b);
	return ret;
}

static int parse_thresholds(struct ips_rules *r, const char *text, size_t n, struct sk_err *err)
{
	return ips_rules_thresholds(r, "threshold.config", text, n, err);
}

int ips_load_rules(const struct ips_load *l, struct ips_rules **ret, struct ips_policy **ret_policy,
	struct ips_engine_config *cfg, struct sk_err *err)
{
	const char *classes, *refs, *thresholds;
	char p1[PATH_CAP], p2[PATH_CAP], p3[PATH_CAP];
	struct ips_rules *r = ips_rules_new();
	struct ips_policy *policy = NULL;
	int e;

	if (!r)
		return sk_err_nomem(err);
	classes = l->classification ? l->classification : beside(l, "classification.config", p1);
	refs = l->reference ? l->reference : beside(l, "reference.config", p2);
	thresholds = l->threshold ? l->threshold : beside(l, "threshold.config", p3);
	e = load_config(l, r, &policy, cfg, err);
	if (e == 0 && classes)
		e = with_file(classes, r, ips_rules_classification, err);
	if (e == 0 && refs)
		e = with_file(refs, r, ips_rules_references, err);
	for (size_t i = 0; i < l->rules_n && e == 0; i++)
		e = is_folder(l->rules[i])
			? rule_folder(r, l->rules[i], err)
			: one_rule_file(r, l->rules[i], l->sha256 ? l->sha256[i] : NULL, err);
	if (e == 0 && thresholds)
		e = with_file(thresholds, r, parse_thresholds, err);
	if (e < 0) {
		ips_policy_free(policy);
		ips_rules_free(r);
		return e;
	}
	ips_rules_finish(r);
	*ret = r;
	*ret_policy = policy;
	return 0;
}

/* The files of `dataset: …, load FILE`, beside the rule's own file unless absolute. */
static int load_dataset(struct ips_state *state, const struct ips_rule *r, const struct ips_opt *o,
	struct sk_err *err)
{
	const char *slash = strrchr(r->file, '/');
	char path[PATH_CAP];
	struct sk_buf b;
	int ret;

	if (o->set.load[0] == '/' || !slash)
		snprintf(path, sizeof(path), "%s", o->set.load);
	else
		snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - r->file), r->file,
			o->set.load);
	sk_buf_init(&b, IPS_RULE_FILE_MAX);
	ret = sk_file_read(path, &b, err);
	if (ret == 0)
		ret = ips_dataset_load(state, o->set.name, o->set.type, sk_buf_str(&b), b.len, err);
	sk_buf_done(&b);
	return ret;
}

static int load_datasets(struct ips_state *state, struct ips_rules *rules, struct sk_err *err)
{
	for (uint32_t i = 0; i < ips_rules_count(rules); i++) {
		const struct ips_rule *r = ips_rules_at(rules, i);

		for (uint32_t k = 0; k < r->lists_n; k++)
			for (uint32_t m = 0; m < r->lists[k].n; m++) {
				const struct ips_opt *o = &r->lists[k].opts[m];
				int ret = 0;

				if ((o->kind == IPS_O_DATASET || o->kind == IPS_O_DATAREP) &&
					o->set.load && o->set.load[0])
					ret = load_dataset(state, r, o, err);
				if (ret < 0) {
					sk_err_prefix(err, "rule %u", r->sid);
					return ret;
				}
			}
	}
	return 0;
}

/* One file in the cache folder; what it was made from is checked by the compiler. */
static const char *cache_path(const struct ips_load *l, char *dst)
{
	snprintf(dst, PATH_CAP, "%s/ruleset.cache", l->cache_dir);
	return dst;
}

static void save_cache(const struct ips_load *l, const struct ips_ruleset *rs)
{
	struct sk_err err = {0};
	char path[PATH_CAP];
	struct sk_buf b;

	sk_buf_init(&b, IPS_RULE_FILE_MAX);
	if (ips_ruleset_save(rs, &b) < 0 ||
		sk_file_replace(cache_path(l, path), b.data, b.len, 0600, &err) < 0)
		sk_log_err(LOG_WARNING, "the compiled rules could not be kept", &err);
	sk_buf_done(&b);
}

int ips_load_ruleset(const struct ips_load *l, struct ips_state *state,
	struct ips_engine_config *cfg, struct ips_ruleset **ret, bool *ret_cached,
	struct sk_err *err)
{
	struct ips_policy *policy = NULL;
	struct ips_rules *rules = NULL;
	char path[PATH_CAP];
	struct sk_buf cache;
	bool cached = false;
	int r = ips_load_rules(l, &rules, &policy, cfg, err);

	if (r < 0)
		return r;
	r = load_datasets(state, rules, err);
	if (r < 0) {
		ips_policy_free(policy);
		ips_rules_free(rules);
		return r;
	}
	ips_policy_apply(policy, rules, sk_now());
	sk_buf_init(&cache, IPS_RULE_FILE_MAX);
	if (l->cache_dir && sk_file_read(cache_path(l, path), &cache, NULL) < 0)
		sk_buf_reset(&cache);
	r = ips_ruleset_compile(ret, rules, policy, state,
		(struct ips_view){cache.data, (uint32_t)cache.len}, &cached, err);
	sk_buf_done(&cache);
	if (r == 0 && l->cache_dir && !cached)
		save_cache(l, *ret);
	if (ret_cached)
		*ret_cached = cached;
	return r;
}
