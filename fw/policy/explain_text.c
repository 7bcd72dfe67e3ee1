/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decision as one line for a person, in English and Japanese. Texts of a record come from
 * outside: they are escaped before they are shown.
 */
#include <inttypes.h>
#include <string.h>

#include "fw/policy/explain.h"
#include "lib/util.h"

static const struct {
	const char *field;
	struct sk_text text;
} fields[] = {
	{"source", {"source", "接続元IPアドレス"}},
	{"destination", {"destination", "接続先IPアドレス"}},
	{"protocol", {"protocol", "プロトコル"}},
	{"port", {"port", "ポート番号"}},
};

static const char *field_text(const char *field, enum sk_lang lang)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(fields); i++) {
		if (strcmp(field, fields[i].field) == 0)
			return sk_text(&fields[i].text, lang);
	}
	return field;
}

static void put_service(struct sk_buf *b, uint8_t proto, uint16_t port)
{
	const char *name = fw_proto_name(proto);

	if (name)
		sk_buf_puts(b, name);
	else
		sk_buf_printf(b, "%u", proto);
	if (fw_proto_has_ports(proto) || proto == 1 || proto == 58)
		sk_buf_printf(b, "/%u", port);
}

/* "lan->wan tcp/25 192.168.1.5 -> 203.0.113.9" */
static void put_flow(struct sk_buf *b, const struct fw_policy *p, const struct fw_flow *f)
{
	sk_buf_printf(b, "%s->%s ", fw_policy_zone_name(p, f->from), fw_policy_zone_name(p, f->to));
	put_service(b, f->proto, f->port);
	sk_buf_putc(b, ' ');
	fw_ip_put(b, &f->src);
	sk_buf_puts(b, " -> ");
	fw_ip_put(b, &f->dst);
}

/* "rule 1042 (applicant, purpose)", "built-in 9 manage (…)". */
static void put_decider(
	struct sk_buf *b, const struct fw_policy *p, uint32_t number, enum sk_lang lang)
{
	const struct fw_policy_rule *r = fw_policy_find(p, number);
	struct fw_builtin bi;
	char purpose[320];

	if (r) {
		const char *s = r->rec.purpose ? r->rec.purpose : "";

		sk_escape(purpose, sizeof(purpose), s, strlen(s));
		sk_buf_printf(b,
			lang == SK_JA ? "ルール%" PRIu32 "「%s」" : "rule %" PRIu32 " (%s)", number,
			purpose);
		return;
	}
	for (size_t i = 0; fw_builtin_get(p, i, &bi); i++) {
		if (bi.id != number)
			continue;
		sk_buf_printf(b,
			lang == SK_JA ? "組み込みルール%" PRIu32 " %s「%s」"
				      : "built-in %" PRIu32 " %s (%s)",
			number, bi.name, sk_text(&bi.purpose, lang));
	}
}

static void put_nat(struct sk_buf *b, const struct fw_policy *p, const struct fw_flow *f,
	const struct fw_decision *d, enum sk_lang lang)
{
	bool ja = lang == SK_JA;

	if (d->dnat) {
		sk_buf_printf(b,
			ja ? "; ルール%" PRIu32 "で宛先を " : "; rule %" PRIu32 " sends it to ",
			d->dnat);
		fw_ip_put(b, &d->dst);
		if (fw_proto_has_ports(f->proto))
			sk_buf_printf(b, ja ? " ポート%u" : " port %u", d->port);
		sk_buf_printf(b, ja ? " (%s) に変換" : " (%s)", fw_policy_zone_name(p, d->to));
	}
	if (d->snat)
		sk_buf_printf(b,
			ja ? "; ルール%" PRIu32 "で接続元アドレスを変換"
			   : "; rule %" PRIu32 " translates its source",
			d->snat);
}

static void put_near(struct sk_buf *b, const struct fw_decision *d, enum sk_lang lang)
{
	for (size_t i = 0; i < d->n_near; i++) {
		const char *field = field_text(d->near[i].field, lang);

		if (lang == SK_JA)
			sk_buf_printf(b, "%sルール%" PRIu32 " (%sだけが異なります)",
				i ? "、" : "; 近いルール: ", d->near[i].number, field);
		else
			sk_buf_printf(b, "%s rule %" PRIu32 " differs in %s only",
				i ? "," : "; close:", d->near[i].number, field);
	}
}

static void put_verdict(struct sk_buf *b, const struct fw_policy *p, const struct fw_flow *f,
	const struct fw_decision *d, enum sk_lang lang)
{
	bool ja = lang == SK_JA;

	if (d->number == FW_B_DEFAULT_DENY) {
		sk_buf_puts(b, ja ? "許可ルールがないため遮断します: " : "no rule allows ");
		put_flow(b, p, f);
		if (d->verdict == FW_V_REJECT)
			sk_buf_puts(b, ja ? " (接続元に拒否を通知)" : ": refused");
		else
			sk_buf_puts(b, ja ? "" : ": dropped");
		return;
	}
	put_decider(b, p, d->number, lang);
	if (ja)
		sk_buf_puts(b,
			d->verdict == FW_V_ACCEPT ? "により許可します: "
				: d->verdict == FW_V_DROP
				? "により遮断します: "
				: "により遮断し、接続元に拒否を通知します: ");
	else
		sk_buf_puts(b,
			d->verdict == FW_V_ACCEPT         ? " allows "
				: d->verdict == FW_V_DROP ? " drops "
							  : " refuses ");
	put_flow(b, p, f);
}

void fw_explain_put(struct sk_buf *b, const struct fw_policy *p, const struct fw_flow *f,
	const struct fw_decision *d, enum sk_lang lang)
{
	put_verdict(b, p, f, d, lang);
	put_nat(b, p, f, d, lang);
	if (d->inspected)
		sk_buf_puts(b, lang == SK_JA ? "; 通信内容を検査" : "; its contents are inspected");
	put_near(b, d, lang);
}
