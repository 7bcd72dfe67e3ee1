/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal's file; see journal.h. */
#include "nac/discover/journal.h"

#include <errno.h>
#include <string.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"

enum { JOURNAL_MAX = 4 << 20 };

struct putting {
	struct sk_buf *b;
	const char *comma;
};

static bool put_roles(const void *key, void *val, void *arg)
{
	struct putting *p = arg;
	char mac[NAC_MAC_TEXT];

	sk_buf_printf(
		p->b, "%s[\"%s\",%u]", p->comma, nac_mac_format(key, mac), *(const uint16_t *)val);
	p->comma = ",";
	return false;
}

static void put_net(struct sk_buf *b, const struct nac_net *n)
{
	struct putting p = {b, ""};

	sk_buf_printf(b, "\"%s\":{\"iso\":", n->ifname);
	/* Not taken back yet (its interface is not there): stays owed. */
	if (n->recover)
		sk_buf_puts(b, n->recover);
	else
		nac_iso_journal(n->iso, b);
	sk_buf_printf(b, ",\"observed_since\":%lld,\"roles\":[", (long long)n->observed_since);
	sk_table_walk(n->roles, put_roles, &p);
	sk_buf_puts(b, "]}");
}

int nac_journal_write(const char *path, struct nac_net *const *nets, size_t n, const json_t *rest,
	struct sk_err *err)
{
	const char *key, *comma = "";
	struct sk_buf b;
	json_t *v;
	int ret;

	sk_buf_init(&b, JOURNAL_MAX);
	sk_buf_puts(&b, "{\"format\":\"sekisho-isolation\",\"networks\":{");
	for (size_t i = 0; i < n; i++) {
		sk_buf_puts(&b, comma);
		put_net(&b, nets[i]);
		comma = ",";
	}
	json_object_foreach ((json_t *)rest, key, v) {
		sk_buf_printf(&b, "%s\"%s\":", comma, key);
		sk_json_put(&b, v);
		comma = ",";
	}
	sk_buf_puts(&b, "},\"version\":1}\n");
	ret = sk_buf_error(&b);
	if (ret < 0)
		sk_err_en(err, ret, path, "the journal does not fit");
	else
		ret = sk_file_replace(path, b.data, b.len, 0600, err);
	sk_buf_done(&b);
	return ret;
}

json_t *nac_journal_read(const char *path, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *doc = NULL;
	json_t *nets = NULL;
	struct sk_buf b;
	int ret;

	sk_buf_init(&b, JOURNAL_MAX);
	ret = sk_file_read(path, &b, err);
	if (ret == 0)
		doc = sk_json_parse(sk_buf_str(&b), b.len, err);
	sk_buf_done(&b);
	if (ret == -ENOENT)
		return json_object();
	if (!doc || sk_json_object(doc, "networks", true, &nets, err) < 0)
		return NULL;
	return json_incref(nets);
}

static void take_roles(const json_t *rows, struct nac_net *net)
{
	struct nac_mac mac;
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const char *text = json_string_value(json_array_get(row, 0));
		json_int_t roles = json_integer_value(json_array_get(row, 1));

		if (text && nac_mac_parse(text, &mac) == 0 && roles > 0 && roles <= UINT16_MAX)
			nac_net_remember(net, &mac, (uint16_t)roles);
	}
}

void nac_journal_take(json_t *doc, struct nac_net *net)
{
	json_t *entry = json_object_get(doc, net->ifname), *iso = NULL;
	int64_t since = 0;
	struct sk_buf b;

	if (!entry)
		return;
	sk_json_int(entry, "observed_since", false, &since, NULL);
	sk_json_object(entry, "iso", false, &iso, NULL);
	net->observed_since = since > 0 ? since : 0;
	if (iso && !net->recover) {
		sk_buf_init(&b, JOURNAL_MAX);
		sk_json_put(&b, iso);
		net->recover = sk_buf_take(&b);
		sk_buf_done(&b);
	}
	take_roles(json_object_get(entry, "roles"), net);
	json_object_del(doc, net->ifname);
}
