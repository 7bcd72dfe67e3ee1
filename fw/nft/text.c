/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan in nft(8) syntax (nft 1.0.6 and later), for people, for diffs and for `nft -f`. Pure. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "fw/nft/bridge.h"
#include "fw/nft/log_prefix.h"
#include "fw/nft/nft.h"
#include "fw/nft/plan_int.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

/* ---- values ---- */

static uint32_t host32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void put_ip(struct sk_buf *b, const uint8_t *p, uint8_t family)
{
	struct fw_ip ip = {.family = family};

	for (int i = 0; i < (family == 6 ? 16 : 4); i++)
		ip.a = ip.a << 8 | p[i];
	fw_ip_put(b, &ip);
}

static void put_proto(struct sk_buf *b, uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP: sk_buf_puts(b, "tcp"); break;
	case IPPROTO_UDP: sk_buf_puts(b, "udp"); break;
	case IPPROTO_ICMP: sk_buf_puts(b, "icmp"); break;
	/* nft knows this name itself; "ipv6-icmp" only with /etc/protocols */
	case IPPROTO_ICMPV6: sk_buf_puts(b, "icmpv6"); break;
	default: sk_buf_printf(b, "%u", proto); break;
	}
}

static void put_state(struct sk_buf *b, uint32_t v)
{
	static const char *const names[] = {"invalid", "established", "related", "new"};
	const char *sep = "";

	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++) {
		if (!(v & (1u << i)))
			continue;
		sk_buf_printf(b, "%s%s", sep, names[i]);
		sep = ",";
	}
}

static void put_addrtype(struct sk_buf *b, uint32_t v)
{
	switch (v) {
	case RTN_LOCAL: sk_buf_puts(b, "local"); break;
	case RTN_BROADCAST: sk_buf_puts(b, "broadcast"); break;
	case RTN_MULTICAST: sk_buf_puts(b, "multicast"); break;
	default: sk_buf_printf(b, "%u", v); break;
	}
}

static void put_value(struct sk_buf *b, const struct fw_nft_field_info *f, const uint8_t *v)
{
	switch (f->form) {
	case FW_NFT_FORM_NAME: sk_buf_printf(b, "\"%.*s\"", f->len, (const char *)v); break;
	case FW_NFT_FORM_NUMBER:
		sk_buf_printf(b, "%u", f->len == 2 ? (unsigned)v[0] << 8 | v[1] : v[0]);
		break;
	case FW_NFT_FORM_HOST: sk_buf_printf(b, "0x%08x", host32(v)); break;
	case FW_NFT_FORM_IP4: put_ip(b, v, 4); break;
	case FW_NFT_FORM_IP6: put_ip(b, v, 6); break;
	case FW_NFT_FORM_NFPROTO: sk_buf_puts(b, *v == NFPROTO_IPV6 ? "ipv6" : "ipv4"); break;
	case FW_NFT_FORM_L4PROTO: put_proto(b, *v); break;
	case FW_NFT_FORM_PKTTYPE:
		sk_buf_puts(b, *v == PACKET_MULTICAST ? "multicast" : "broadcast");
		break;
	case FW_NFT_FORM_ADDRTYPE: put_addrtype(b, host32(v)); break;
	case FW_NFT_FORM_STATE: put_state(b, host32(v)); break;
	case FW_NFT_FORM_STATUS: sk_buf_puts(b, "dnat"); break;
	}
}

/* ---- rules ---- */

static void put_keep(struct sk_buf *b, const struct fw_nft_field_info *f, unsigned bits)
{
	uint8_t mask[16] = {0};

	for (unsigned i = 0; i < bits; i++)
		mask[i / 8] |= (uint8_t)(0x80u >> (i % 8));
	sk_buf_puts(b, "and ");
	put_ip(b, mask, f->len == 16 ? 6 : 4);
	sk_buf_putc(b, ' ');
}

static void put_match(struct sk_buf *b, const struct fw_nft_match *m)
{
	const struct fw_nft_field_info *f = fw_nft_field(m->field);

	if (m->field == FW_NFT_FIB_REVERSE) {
		sk_buf_puts(b, "fib saddr . iif oif 0 ");
		return;
	}
	if (m->field == FW_NFT_TCP_FLAGS && m->op == FW_NFT_MASKED) {
		sk_buf_printf(b, "tcp flags & 0x%02x == 0x%02x ", m->hi[0], m->lo[0]);
		return;
	}
	if (m->field == FW_NFT_TCP_FLAGS) {
		sk_buf_printf(b, "tcp flags & 0x%02x != 0 ", m->lo[0]);
		return;
	}
	if (f->form == FW_NFT_FORM_HOST && m->op == FW_NFT_BITS) {
		sk_buf_printf(b, "%s & 0x%08x != 0 ", f->text, host32(m->lo));
		return;
	}
	sk_buf_printf(b, "%s ", f->text);
	switch (m->op) {
	case FW_NFT_EQ:
	case FW_NFT_BITS: put_value(b, f, m->lo); break;
	case FW_NFT_PREFIX:
		put_value(b, f, m->lo);
		sk_buf_printf(b, "/%u", m->prefix);
		break;
	case FW_NFT_RANGE:
		put_value(b, f, m->lo);
		sk_buf_putc(b, '-');
		put_value(b, f, m->hi);
		break;
	case FW_NFT_MASKED:
		sk_buf_printf(b, "and 0x%08x == ", host32(m->hi));
		put_value(b, f, m->lo);
		break;
	case FW_NFT_IN:
		if (m->keep)
			put_keep(b, f, m->keep);
		sk_buf_printf(b, "@%s", m->dyn ? m->dyn : m->set->name);
		break;
	}
	sk_buf_putc(b, ' ');
}

static void put_nat(struct sk_buf *b, const struct fw_nft_rule *r)
{
	const bool v6 = r->nat_addr.family == 6;

	if (r->nat == FW_NFT_NAT_MASQUERADE) {
		sk_buf_puts(b, "masquerade ");
		return;
	}
	sk_buf_printf(b, "%s %s to %s", r->nat == FW_NFT_NAT_DST ? "dnat" : "snat",
		v6 ? "ip6" : "ip", v6 && r->nat_port ? "[" : "");
	fw_ip_put(b, &r->nat_addr);
	if (r->nat_port)
		sk_buf_printf(b, "%s:%u", v6 ? "]" : "", r->nat_port);
	sk_buf_putc(b, ' ');
}

static void put_verdict(struct sk_buf *b, const struct fw_nft_rule *r)
{
	switch (r->verdict) {
	case FW_NFT_CONTINUE: break;
	case FW_NFT_ACCEPT: sk_buf_puts(b, "accept "); break;
	case FW_NFT_DROP: sk_buf_puts(b, "drop "); break;
	case FW_NFT_GOTO: sk_buf_printf(b, "goto %s ", r->target); break;
	case FW_NFT_JUMP: sk_buf_printf(b, "jump %s ", r->target); break;
	case FW_NFT_RETURN: sk_buf_puts(b, "return "); break;
	case FW_NFT_QUEUE:
		sk_buf_printf(b, "queue %sto %u", r->queue_open ? "flags bypass " : "", r->queue);
		if (r->queues > 1)
			sk_buf_printf(b, "-%u", r->queue + r->queues - 1u);
		sk_buf_putc(b, ' ');
		break;
	case FW_NFT_RESET: sk_buf_puts(b, "reject with tcp reset "); break;
	case FW_NFT_PROHIBITED: sk_buf_puts(b, "reject with icmpx admin-prohibited "); break;
	}
}

void fw_nft_rule_text(struct sk_buf *b, const struct fw_nft_rule *r)
{
	char name[FW_NFT_NAME_MAX], prefix[FW_LOG_PREFIX_MAX];

	for (size_t i = 0; i < r->n; i++)
		put_match(b, &r->m[i]);
	if (r->map)
		sk_buf_printf(b, "%s%s%s vmap @%s ", r->map_in ? "iifname" : "",
			r->map_in && r->map_out ? " . " : "", r->map_out ? "oifname" : "", r->map);
	if (r->meter.set)
		fw_nft_meter_text(b, &r->meter);
	if (r->limit)
		sk_buf_printf(b, "limit rate %u/second burst %u packets ", r->limit, r->limit);
	if (r->count) {
		fw_nft_counter_name(name, r->number);
		sk_buf_printf(b, "counter name \"%s\" ", name);
	}
	if (r->log) {
		fw_log_prefix_encode(prefix, r->log, r->number, r->revision, r->reason);
		sk_buf_printf(b, "log prefix \"%s\" group %d snaplen %d ", prefix, FW_NFT_LOG_GROUP,
			FW_NFT_LOG_SNAPLEN);
	}
	if (r->mark)
		sk_buf_printf(b, "ct mark set ct mark and 0x%08x or 0x%08x ", ~FW_MARK_MASK,
			r->number << FW_MARK_SHIFT);
	if (r->ct_verdict || r->ct_clear)
		sk_buf_printf(b, "ct mark set ct mark and 0x%08x or 0x%08x ", ~FW_MARK_VERDICT,
			r->ct_verdict);
	if (r->meta_clear)
		sk_buf_printf(b, "meta mark set meta mark and 0x%08x ", ~FW_MARK_VERDICT);
	if (r->meta_out || r->meta_in)
		sk_buf_printf(b, "meta mark set meta mark and 0x%08x or 0x%08x ",
			~(r->meta_out | r->meta_in), r->meta_in);
	if (r->mss)
		sk_buf_puts(b, "tcp option maxseg size set rt mtu ");
	if (r->nat != FW_NFT_NAT_NONE)
		put_nat(b, r);
	put_verdict(b, r);
	fw_nft_comment(name, r->number, r->revision);
	sk_buf_printf(b, "comment \"%s\"", name);
}

/* ---- the table ---- */

static void put_counters(struct sk_buf *b, const struct fw_policy *p)
{
	char name[FW_NFT_NAME_MAX];

	for (uint32_t i = 1; i <= fw_builtin_last(p); i++) {
		fw_nft_counter_name(name, i);
		sk_buf_printf(b, "\tcounter %s {\n\t}\n", name);
	}
	for (size_t i = 0; i < p->n_rules; i++) {
		fw_nft_counter_name(name, p->rules[i].rec.number);
		sk_buf_printf(b, "\tcounter %s {\n\t}\n", name);
	}
}

static void put_map(struct sk_buf *b, const struct fw_nft_plan *pl, enum fw_nft_map m)
{
	const struct fw_nft_map_info *i = fw_nft_map(m);
	const struct fw_nft_elems *e = &pl->maps[m];

	sk_buf_printf(b, "\tmap %s {\n\t\ttype %s : verdict\n", i->name,
		i->in && i->out ? "ifname . ifname" : "ifname");
	for (size_t k = 0; k < e->n; k++) {
		const char *a = e->v[k].key;
		sk_buf_puts(b, k ? ",\n\t\t\t" : "\t\telements = { ");
		sk_buf_printf(b, "\"%s\"", a);
		if (i->in && i->out)
			sk_buf_printf(b, " . \"%s\"", a + IFNAMSIZ);
		sk_buf_printf(b, " : goto %s", e->v[k].target);
	}
	sk_buf_puts(b, e->n ? " }\n\t}\n" : "\t}\n");
}

struct writer {
	struct sk_buf *b;
	char chain[FW_NFT_CHAIN_MAX]; /* open one */
};

static void open_chain(struct writer *w, const char *name)
{
	if (w->chain[0])
		sk_buf_puts(w->b, "\t}\n");
	snprintf(w->chain, sizeof(w->chain), "%s", name);
	sk_buf_printf(w->b, "\tchain %s {\n", name);
	for (unsigned i = 0; i < FW_NFT_BASES; i++) {
		const struct fw_nft_base_info *base = fw_nft_base(i);
		if (strcmp(base->name, name) == 0)
			sk_buf_printf(w->b, "\t\ttype %s hook %s priority %d; policy %s;\n",
				base->type, base->hook_name, base->priority,
				base->policy == NF_DROP ? "drop" : "accept");
	}
}

static void put_rule(const struct fw_nft_rule *r, void *arg)
{
	struct writer *w = arg;

	if (strcmp(w->chain, r->chain) != 0)
		open_chain(w, r->chain);
	sk_buf_puts(w->b, "\t\t");
	fw_nft_rule_text(w->b, r);
	sk_buf_putc(w->b, '\n');
}

static void no_rule(const struct fw_nft_rule *r, void *arg)
{
}

/* Chains without rules get none from put_rule. */
static void put_empty_chains(struct writer *w, const struct fw_nft_plan *pl)
{
	const struct fw_policy *p = pl->p;
	const char *name;

	if (!fw_nft_plan_raw(p))
		open_chain(w, fw_nft_base(FW_NFT_PRE_RAW)->name);
	if (!p->inspect.on && !pl->bridge)
		open_chain(w, fw_nft_base(FW_NFT_IPS_SAVE)->name);
	if (!p->inspect.on) {
		open_chain(w, fw_nft_base(FW_NFT_IPS_IN_SAVE)->name);
		open_chain(w, fw_nft_base(FW_NFT_IPS_OUT_SAVE)->name);
	}
	for (size_t i = 0; (name = fw_nft_plan_fixed(pl, i)); i++) {
		if (pl->empty >> i & 1)
			open_chain(w, name);
	}
	for (size_t i = 0; i < pl->n_chains; i++) {
		if (pl->chains[i].n_rules == 0)
			open_chain(w, pl->chains[i].name);
	}
}

int fw_nft_text(const struct fw_policy *p, struct sk_buf *b, struct sk_err *err)
{
	return fw_nft_text_lists(p, NULL, b, err);
}

int fw_nft_text_lists(const struct fw_policy *p, const struct fw_nft_layout *lists,
	struct sk_buf *b, struct sk_err *err)
{
	struct writer w = {.b = b};
	struct fw_nft_plan pl;

	if (fw_nft_plan_init(&pl, p, 0) < 0)
		return sk_err_nomem(err);
	pl.lists = p->blocklist ? lists : NULL;
	int ret = fw_nft_plan_rules(&pl, no_rule, NULL); /* collects the sets */
	if (ret == 0) {
		sk_buf_printf(b, "table inet %s {\n", FW_NFT_TABLE);
		put_counters(b, p);
		for (size_t i = 0; i < pl.sets.n; i++)
			fw_nft_set_text(b, pl.sets.v[i]);
		for (size_t i = 0; i < pl.n_dyn; i++)
			fw_nft_dynset_text(b, &pl.dyn[i]);
		if (pl.lists)
			fw_nft_layout_text(b, pl.lists);
		for (unsigned m = 0; m < FW_NFT_MAPS; m++)
			put_map(b, &pl, m);
		ret = fw_nft_plan_rules(&pl, put_rule, &w);
		put_empty_chains(&w, &pl);
		sk_buf_puts(b, "\t}\n}\n");
	}
	if (ret == 0 && pl.bridge)
		fw_nft_bridge_text(p, b);
	fw_nft_plan_done(&pl);
	if (ret == 0)
		ret = sk_buf_error(b);
	if (ret == -ENOMEM)
		return sk_err_nomem(err);
	if (ret < 0)
		return sk_err_set(err, ret, NULL, "the rule set is too long for this buffer",
			"ルールセットの文字列が長すぎます");
	return 0;
}
