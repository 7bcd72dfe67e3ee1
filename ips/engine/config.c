/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's settings: defaults for captures and for the queue, and the "engine" object of the
 * inspection policy (docs/ipc.md, sekisho-ipsd(8)). A wrong field refuses the whole.
 */
#include <errno.h>
#include <string.h>

#include "ips/engine/engine.h"
#include "lib/json.h"
#include "lib/util.h"

#define MIB (1024u * 1024)

void ips_engine_config_default(struct ips_engine_config *cfg, bool inline_mode)
{
	*cfg = (struct ips_engine_config){
		.inline_mode = inline_mode,
		.detect = {.flows = 16384, .mem_max = 32 * MIB},
		.eve = {.payload_max = 4096},
		.app_memory = inline_mode ? 64 * MIB : 256 * MIB,
		.log = IPS_LOG_ALERT | IPS_LOG_DROP,
		.log_tx_protos = ~0ULL,
		.bypass = inline_mode,
		.bypass_packets = 20,
		.drop_invalid = inline_mode,
		.ring_bytes = inline_mode ? 4 * MIB : 0,
	};
	if (!inline_mode)
		cfg->log |= IPS_LOG_FLOW | IPS_LOG_ANOMALY | IPS_LOG_TX;
	ips_decoder_config_default(&cfg->decoder, inline_mode);
	ips_flow_config_default(&cfg->flow);
	ips_stream_config_default(&cfg->stream, inline_mode);
	ips_app_config_default(&cfg->app);
	cfg->stream.inline_mode = inline_mode;
	cfg->stream.midstream = inline_mode;
	cfg->app.tls_bypass = true;
}

struct log_word {
	const char *word;
	uint32_t kind;
};

static const struct log_word log_words[] = {
	{"alert", IPS_LOG_ALERT},
	{"drop", IPS_LOG_DROP},
	{"flow", IPS_LOG_FLOW},
	{"anomaly", IPS_LOG_ANOMALY},
};

/* ["alert", "flow", "http", …]: kinds of events, and protocols whose transactions are written. */
static int parse_log(struct ips_engine_config *cfg, const json_t *o, struct sk_err *err)
{
	uint32_t log = IPS_LOG_ALERT | IPS_LOG_DROP;
	uint64_t protos = 0;
	json_t *list = NULL;
	int r = sk_json_array(o, "log", false, &list, err);

	if (r < 0 || !list)
		return r;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));
		size_t k;
		int id;

		for (k = 0; word && k < SK_ARRAY_SIZE(log_words); k++)
			if (strcmp(word, log_words[k].word) == 0)
				break;
		if (word && k < SK_ARRAY_SIZE(log_words)) {
			log |= log_words[k].kind;
			continue;
		}
		id = word ? ips_proto_by_name(word) : -1;
		if (id < 0) {
			sk_err_set(err, -EINVAL, NULL,
				"\"%s\" is no kind of event; use alert, drop, flow, anomaly or a "
				"protocol such as http",
				"「%"
				"s」という種類のイベントはありません。alert、drop、flow、anomaly "
				"または http などのプロトコル名を指定してください",
				word ? word : "");
			sk_err_prefix(err, "log[%zu]", i);
			return -EINVAL;
		}
		log |= IPS_LOG_TX;
		protos |= 1ULL << id;
	}
	cfg->log = log;
	cfg->log_tx_protos = protos;
	return 0;
}

struct number {
	const char *key;
	size_t at;
	uint64_t min, max;
};
#define NUM(k, field, lo, hi)                                                                      \
	{                                                                                          \
		k, offsetof(struct ips_engine_config, field), lo, hi                               \
	}

static const struct number numbers[] = {
	NUM("flows", flow.max, 64, 4000000),
	NUM("sessions", stream.sessions, 64, 4000000),
	NUM("stream_memory", stream.pool_bytes, MIB, 2047u * MIB),
	NUM("stream_depth", stream.depth, 0, 2047u * MIB),
	NUM("body_limit", app.body_limit[IPS_TOSERVER], 1024, 64 * MIB),
	NUM("bypass_packets", bypass_packets, 1, 1000000),
	NUM("payload_max", eve.payload_max, 0, 16384),
	NUM("ring_bytes", ring_bytes, 0, 256 * MIB),
};

struct boolean {
	const char *key;
	size_t at;
};
#define BOOL(k, field)                                                                             \
	{                                                                                          \
		k, offsetof(struct ips_engine_config, field)                                       \
	}

static const struct boolean booleans[] = {
	BOOL("bypass", bypass),
	BOOL("bypass_tls", app.tls_bypass),
	BOOL("drop_invalid", drop_invalid),
	BOOL("midstream", stream.midstream),
	BOOL("check_checksums", decoder.check_csum),
	BOOL("packet", eve.packet),
};

static const char *const keys[] = {"log", "flows", "sessions", "stream_memory", "stream_depth",
	"body_limit", "bypass_packets", "payload_max", "ring_bytes", "bypass", "bypass_tls",
	"drop_invalid", "midstream", "check_checksums", "packet", "memory", "pressure", NULL};

static int parse_numbers(struct ips_engine_config *cfg, const json_t *o, struct sk_err *err)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(numbers); i++) {
		const struct number *n = &numbers[i];
		int64_t v = -1;
		uint32_t u;
		int r = sk_json_int(o, n->key, false, &v, err);

		if (r < 0)
			return r;
		if (!json_object_get(o, n->key))
			continue;
		if (v < 0 || (uint64_t)v < n->min || (uint64_t)v > n->max)
			return sk_err_set(err, -ERANGE, n->key, "must be between %llu and %llu",
				"%llu から %llu までの値にしてください", (unsigned long long)n->min,
				(unsigned long long)n->max);
		u = (uint32_t)v;
		memcpy((char *)cfg + n->at, &u, sizeof(u));
	}
	cfg->app.body_limit[IPS_TOCLIENT] = cfg->app.body_limit[IPS_TOSERVER];
	return 0;
}

static int parse_words(struct ips_engine_config *cfg, const json_t *o, struct sk_err *err)
{
	const char *pressure = NULL;
	int64_t memory = 0;
	int r;

	for (size_t i = 0; i < SK_ARRAY_SIZE(booleans); i++) {
		r = sk_json_bool(
			o, booleans[i].key, false, (bool *)((char *)cfg + booleans[i].at), err);
		if (r < 0)
			return r;
	}
	r = sk_json_int(o, "memory", false, &memory, err);
	if (r == 0)
		r = sk_json_str(o, "pressure", false, &pressure, err);
	if (r < 0)
		return r;
	if (json_object_get(o, "memory")) {
		if (memory < MIB || memory > 65536LL * MIB)
			return sk_err_set(err, -ERANGE, "memory",
				"must be between 1 MiB and 64 GiB, in bytes",
				"1 MiB から 64 GiB までをバイト数で指定してください");
		cfg->app_memory = (uint64_t)memory;
	}
	if (pressure) {
		if (strcmp(pressure, "drop") != 0 && strcmp(pressure, "pass") != 0)
			return sk_err_set(err, -EINVAL, "pressure", "must be \"drop\" or \"pass\"",
				"\"drop\" または \"pass\" を指定してください");
		cfg->pressure_drop = pressure[0] == 'd';
	}
	return 0;
}

int ips_engine_config_parse(
	struct ips_engine_config *cfg, const char *json, size_t n, struct sk_err *err)
{
	struct ips_engine_config next = *cfg;
	_cleanup_(sk_json_decrefp) json_t *root = sk_json_parse(json, n, err);
	json_t *o = NULL;
	int r;

	if (!root)
		return -EINVAL;
	r = sk_json_object(root, "engine", false, &o, err);
	if (r < 0 || !o)
		return r;
	r = sk_json_only(o, keys, err);
	if (r == 0)
		r = parse_log(&next, o, err);
	if (r == 0)
		r = parse_numbers(&next, o, err);
	if (r == 0)
		r = parse_words(&next, o, err);
	if (r < 0) {
		sk_err_prefix(err, "engine");
		return r;
	}
	*cfg = next;
	return 0;
}
