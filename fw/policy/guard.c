/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard part of a policy: names, defaults, limits and its JSON form; see guard.h. */
#include "fw/policy/guard.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "fw/registry/text.h"
#include "lib/util.h"

#define SECOND 1u
#define MINUTE 60u

static const char *const kinds[FW_GUARD_KINDS] = {
	[FW_GUARD_SCAN] = "scan",
	[FW_GUARD_SWEEP] = "sweep",
	[FW_GUARD_SYN] = "syn_flood",
	[FW_GUARD_UDP] = "udp_flood",
	[FW_GUARD_ICMP] = "icmp_flood",
	[FW_GUARD_CONN] = "conn_rate",
	[FW_GUARD_LOGIN] = "login",
	[FW_GUARD_HAND] = "manual",
};

/* FTP, SSH, Telnet, POP3, IMAP, SMB, submission, their TLS forms, SQL Server, MySQL, RDP,
 * PostgreSQL, VNC. Not SMTP itself: mail servers open many connections to it. */
static const uint16_t login_ports[] = {
	21, 22, 23, 110, 143, 445, 465, 587, 993, 995, 1433, 3306, 3389, 5432, 5900};

static const struct {
	const char *key;
	size_t at;
	uint32_t min, max;
	bool or_zero; /* which switches it off */
} numbers[] = {
	{"block_seconds", offsetof(struct fw_guard, block_seconds), FW_GUARD_BLOCK_MIN,
		FW_GUARD_BLOCK_MAX, false},
	{"scan_ports", offsetof(struct fw_guard, scan_ports), 1, FW_GUARD_DISTINCT_MAX, true},
	{"scan_hosts", offsetof(struct fw_guard, scan_hosts), 1, FW_GUARD_DISTINCT_MAX, true},
	{"window", offsetof(struct fw_guard, window), 1, FW_GUARD_WINDOW_MAX, false},
	{"syn_rate", offsetof(struct fw_guard, syn_rate), 1, FW_GUARD_RATE_MAX, true},
	{"udp_rate", offsetof(struct fw_guard, udp_rate), 1, FW_GUARD_RATE_MAX, true},
	{"icmp_rate", offsetof(struct fw_guard, icmp_rate), 1, FW_GUARD_RATE_MAX, true},
	{"conn_rate", offsetof(struct fw_guard, conn_rate), 1, FW_GUARD_RATE_MAX, true},
	{"login_rate", offsetof(struct fw_guard, login_rate), 1, FW_GUARD_RATE_MAX, true},
};

const char *fw_guard_kind_name(enum fw_guard_kind k)
{
	return (unsigned)k < FW_GUARD_KINDS ? kinds[k] : "?";
}

int fw_guard_kind_parse(const char *s, enum fw_guard_kind *ret)
{
	for (unsigned k = 0; k < FW_GUARD_KINDS; k++) {
		if (strcmp(s, kinds[k]) == 0) {
			*ret = k;
			return 0;
		}
	}
	return -EINVAL;
}

const uint16_t *fw_guard_login_ports(size_t *ret_n)
{
	*ret_n = SK_ARRAY_SIZE(login_ports);
	return login_ports;
}

void fw_guard_init(struct fw_guard *g)
{
	*g = (struct fw_guard){
		.block_seconds = 3600,
		.scan_ports = 20,
		.scan_hosts = 20,
		.window = 60,
		.syn_rate = 200,
		.udp_rate = 500,
		.icmp_rate = 100,
		.conn_rate = 1200,
		.login_rate = 20,
	};
}

void fw_guard_done(struct fw_guard *g)
{
	fw_addrs_done(&g->exempt);
	memset(g, 0, sizeof(*g));
}

uint32_t fw_guard_rate(const struct fw_guard *g, enum fw_guard_kind k, uint32_t *ret_unit)
{
	*ret_unit = k == FW_GUARD_CONN || k == FW_GUARD_LOGIN ? MINUTE : SECOND;
	switch (k) {
	case FW_GUARD_SYN: return g->syn_rate;
	case FW_GUARD_UDP: return g->udp_rate;
	case FW_GUARD_ICMP: return g->icmp_rate;
	case FW_GUARD_CONN: return g->conn_rate;
	case FW_GUARD_LOGIN: return g->login_rate;
	default: return 0;
	}
}

static uint32_t *number_at(struct fw_guard *g, size_t i)
{
	return (uint32_t *)(void *)((char *)g + numbers[i].at);
}

int fw_guard_check(const struct fw_guard *g, struct sk_err *err)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(numbers); i++) {
		const uint32_t v = *number_at((struct fw_guard *)g, i);

		if (numbers[i].or_zero && v == 0)
			continue;
		if (v < numbers[i].min || v > numbers[i].max)
			return sk_err_set(err, -ERANGE, numbers[i].key, "must be %u to %u%s",
				"%uから%uまでです%s", numbers[i].min, numbers[i].max,
				numbers[i].or_zero ? " (0: off)" : "");
	}
	if (fw_addrs_whole4(&g->exempt) || fw_addrs_whole6(&g->exempt))
		return sk_err_set(err, -EINVAL, "exempt",
			"that is everybody: switch the guard off instead",
			"すべてのアドレスは指定できません。防御機能を無効にしてください");
	if (g->exempt.n4 + g->exempt.n6 > FW_GUARD_EXEMPT_MAX)
		return sk_err_set(err, -E2BIG, "exempt", "more than %d addresses and networks",
			"アドレスとネットワークは%d個までです", FW_GUARD_EXEMPT_MAX);
	return 0;
}

int fw_guard_exempt_parse(const char *list, struct fw_addrs *ret, struct sk_err *err)
{
	struct fw_addrs a = {0};
	char item[FW_ITEM_MAX];
	size_t n = 0;
	int r;

	while ((r = fw_item_next(&list, ",", item, err)) > 0) {
		if (!item[0])
			continue;
		r = ++n > FW_GUARD_EXEMPT_MAX
			? sk_err_set(err, -E2BIG, "exempt", "more than %d addresses and networks",
				  "アドレスとネットワークは%d個までです", FW_GUARD_EXEMPT_MAX)
			: fw_addrs_add(&a, item, err);
		if (r < 0)
			break;
	}
	if (r < 0) {
		fw_addrs_done(&a);
		return r;
	}
	fw_addrs_normalise(&a);
	*ret = a;
	return 0;
}

/* ---- JSON ---- */

static json_t *exempt_json(const struct fw_addrs *a)
{
	json_t *list = json_array();
	struct sk_buf b;
	char item[FW_ITEM_MAX];
	const char *p;

	sk_buf_init(&b, 1u << 20);
	fw_addrs_put(&b, a);
	p = sk_buf_str(&b);
	while (fw_item_next(&p, ",", item, NULL) > 0) {
		if (item[0])
			json_array_append_new(list, json_string(item));
	}
	sk_buf_done(&b);
	return list;
}

json_t *fw_guard_to_json(const struct fw_guard *g)
{
	json_t *v = json_pack("{s:b, s:s, s:o}", "enabled", g->enabled, "inside",
		g->inside_block ? "block" : "report", "exempt", exempt_json(&g->exempt));

	for (size_t i = 0; v && i < SK_ARRAY_SIZE(numbers); i++) {
		const uint32_t n = *number_at((struct fw_guard *)g, i);

		if (json_object_set_new(v, numbers[i].key, json_integer(n)) < 0) {
			json_decref(v);
			return NULL;
		}
	}
	return v;
}

static int read_numbers(const json_t *v, struct fw_guard *g, struct sk_err *err)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(numbers); i++) {
		int64_t n = *number_at(g, i);
		int r = sk_json_int(v, numbers[i].key, false, &n, err);

		if (r < 0)
			return r;
		if (n < 0 || n > UINT32_MAX)
			return sk_err_set(err, -ERANGE, numbers[i].key, "must be %u to %u",
				"%uから%uまでです", numbers[i].min, numbers[i].max);
		*number_at(g, i) = (uint32_t)n;
	}
	return 0;
}

static int read_inside(const json_t *v, struct fw_guard *g, struct sk_err *err)
{
	const char *s = "report";
	int r = sk_json_str(v, "inside", false, &s, err);

	if (r < 0)
		return r;
	if (!sk_streq(s, "report") && !sk_streq(s, "block"))
		return sk_err_set(err, -EINVAL, "inside", "\"report\" or \"block\"",
			"「report」か「block」です");
	g->inside_block = sk_streq(s, "block");
	return 0;
}

static int read_exempt(const json_t *v, struct fw_guard *g, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(v, "exempt", false, &list, err);

	if (r == 0 && json_array_size(list) > FW_GUARD_EXEMPT_MAX)
		return sk_err_set(err, -E2BIG, "exempt", "more than %d addresses and networks",
			"アドレスとネットワークは%d個までです", FW_GUARD_EXEMPT_MAX);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		r = s ? fw_addrs_add(&g->exempt, s, err)
		      : sk_err_set(err, -EINVAL, NULL, "item %zu is not text",
				"%zu番目の要素が正しくありません", i + 1);
		if (r < 0)
			sk_err_prefix(err, "exempt");
	}
	if (r == 0)
		fw_addrs_normalise(&g->exempt);
	return r;
}

int fw_guard_from_json(const json_t *v, struct fw_guard *ret, struct sk_err *err)
{
	static const char *const keys[] = {"enabled", "inside", "exempt", "block_seconds",
		"scan_ports", "scan_hosts", "window", "syn_rate", "udp_rate", "icmp_rate",
		"conn_rate", "login_rate", NULL};
	struct fw_guard g;
	int r;

	fw_guard_init(&g);
	if ((r = sk_json_only(v, keys, err)) == 0 &&
		(r = sk_json_bool(v, "enabled", false, &g.enabled, err)) == 0 &&
		(r = read_inside(v, &g, err)) == 0 && (r = read_numbers(v, &g, err)) == 0 &&
		(r = read_exempt(v, &g, err)) == 0)
		r = fw_guard_check(&g, err);
	if (r < 0) {
		fw_guard_done(&g);
		return r;
	}
	fw_guard_done(ret);
	*ret = g;
	return 0;
}
