/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events in Suricata's EVE form (its user guide, "Eve JSON Format"). Called by the engine for what
 * it decided; every text from the network goes through the JSON writer's escaping.
 */
#include "ips/output/eve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"

static void put_addr(struct ips_json *j, const char *key, uint8_t family, const struct ips_addr *a)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family == 6 ? AF_INET6 : AF_INET, a->w, text, sizeof(text)))
		ips_json_str(j, key, text);
}

static void put_time(struct ips_json *j, const char *key, uint64_t us)
{
	char text[48];

	ips_json_str(j, key, sk_time_format_us((int64_t)us, text, sizeof(text)));
}

static void put_mac(struct ips_json *j, const char *key, const uint8_t m[6])
{
	char text[24];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		m[5]);
	ips_json_str(j, key, text);
}

static const char *proto_name(uint8_t proto, char *num, size_t cap)
{
	switch (proto) {
	case IPPROTO_TCP: return "TCP";
	case IPPROTO_UDP: return "UDP";
	case IPPROTO_ICMP: return "ICMP";
	case IPPROTO_ICMPV6: return "IPv6-ICMP";
	case IPPROTO_SCTP: return "SCTP";
	case IPPROTO_GRE: return "GRE";
	case IPPROTO_ESP: return "ESP";
	case IPPROTO_IPV6: return "IPv6";
	case IPPROTO_IGMP: return "IGMP";
	default: snprintf(num, cap, "%03u", proto); return num;
	}
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

static void put_iface(
	struct ips_json *j, const struct ips_eve_config *cfg, const char *key, uint32_t dev)
{
	const char *name = dev && cfg->iface ? cfg->iface(dev, cfg->arg) : NULL;

	if (name)
		ips_json_str(j, key, name);
}

/* What every event of a packet begins with. */
static void begin(struct ips_json *j, struct sk_buf *b, const struct ips_eve_config *cfg,
	const struct ips_packet *p, const char *type)
{
	char num[8];

	ips_json_init(j, b);
	ips_json_open(j, NULL);
	put_time(j, "timestamp", p->ts_us);
	if (cfg->ts)
		ips_json_uint(j, "ts", p->ts_us);
	if (p->flow)
		ips_json_uint(j, "flow_id", p->flow->id);
	put_iface(j, cfg, "in_iface", p->in_dev);
	put_iface(j, cfg, "out_iface", p->out_dev);
	ips_json_str(j, "event_type", type);
	if (p->num && !cfg->inline_mode)
		ips_json_uint(j, "pcap_cnt", p->num);
	if (p->vlan_n) {
		ips_json_open_array(j, "vlan");
		for (unsigned i = 0; i < p->vlan_n && i < 2; i++)
			ips_json_uint(j, NULL, p->vlan[i]);
		ips_json_close_array(j);
	}
	if (!p->family)
		return;
	put_addr(j, "src_ip", p->family, &p->src);
	if (has_ports(p->proto))
		ips_json_uint(j, "src_port", p->sport);
	put_addr(j, "dest_ip", p->family, &p->dst);
	if (has_ports(p->proto))
		ips_json_uint(j, "dest_port", p->dport);
	ips_json_str(j, "proto", proto_name(p->proto, num, sizeof(num)));
	if (p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6) {
		ips_json_uint(j, "icmp_type", p->icmp.type);
		ips_json_uint(j, "icmp_code", p->icmp.code);
	}
}

static const uint8_t no_mac[6];

static void put_ether(struct ips_json *j, const struct ips_packet *p)
{
	if (memcmp(p->hw_src, no_mac, 6) == 0)
		return;
	ips_json_open(j, "ether");
	put_mac(j, "src_mac", p->hw_src);
	ips_json_close(j);
}

static bool blocks(const struct ips_eve_config *cfg, const struct ips_alert *a)
{
	return cfg->inline_mode &&
		(a->decision == IPS_DECIDE_DROP || a->decision == IPS_DECIDE_REJECT);
}

/* metadata: {"key": ["value", …], …}, keys in order of first appearance. */
static void put_metadata(struct ips_json *j, const struct ips_rule *r)
{
	if (!r->metadata_n)
		return;
	ips_json_open(j, "metadata");
	for (uint32_t i = 0; i < r->metadata_n; i++) {
		bool seen = false;

		for (uint32_t k = 0; k < i && !seen; k++)
			seen = strcmp(r->metadata[k].key, r->metadata[i].key) == 0;
		if (seen)
			continue;
		ips_json_open_array(j, r->metadata[i].key);
		for (uint32_t k = i; k < r->metadata_n; k++)
			if (strcmp(r->metadata[k].key, r->metadata[i].key) == 0)
				ips_json_str(j, NULL, r->metadata[k].value);
		ips_json_close_array(j);
	}
	ips_json_close(j);
}

static void put_rule(
	struct ips_json *j, const struct ips_eve_config *cfg, const struct ips_alert *a)
{
	const struct ips_rule *r = a->rule;

	ips_json_open(j, "alert");
	ips_json_str(j, "action", blocks(cfg, a) ? "blocked" : "allowed");
	ips_json_uint(j, "gid", r->gid);
	ips_json_uint(j, "signature_id", r->sid);
	ips_json_uint(j, "rev", r->rev);
	ips_json_str(j, "signature", r->msg ? r->msg : "");
	ips_json_str(j, "category", r->class_text ? r->class_text : "");
	ips_json_uint(j, "severity", r->severity);
	put_metadata(j, r);
	ips_json_close(j);
}

static void put_flow(struct ips_json *j, const struct ips_flow *f)
{
	ips_json_open(j, "flow");
	ips_json_uint(j, "pkts_toserver", f->pkts[IPS_TOSERVER]);
	ips_json_uint(j, "pkts_toclient", f->pkts[IPS_TOCLIENT]);
	ips_json_uint(j, "bytes_toserver", f->bytes[IPS_TOSERVER]);
	ips_json_uint(j, "bytes_toclient", f->bytes[IPS_TOCLIENT]);
	put_time(j, "start", f->first_us);
	put_addr(j, "src_ip", f->family, &f->addr[0]);
	put_addr(j, "dest_ip", f->family, &f->addr[1]);
	if (has_ports(f->proto)) {
		ips_json_uint(j, "src_port", f->port[0]);
		ips_json_uint(j, "dest_port", f->port[1]);
	}
	ips_json_close(j);
}

static const char *app_name(const struct ips_app *a)
{
	return a->id == IPS_P_UNKNOWN ? NULL : ips_proto_info(a->id)->name;
}

/* Of events and their objects, which readers know with this one name spelt otherwise. */
static const char *object_name(const struct ips_app *a)
{
	return a->id == IPS_P_FTPDATA ? "ftp_data" : app_name(a);
}

static void put_tx(struct ips_json *j, struct ips_flow *f, struct ips_tx *tx)
{
	const char *name = object_name(&f->app);

	if (!tx || !f->app.proto || !f->app.proto->log)
		return;
	ips_json_open(j, name);
	f->app.proto->log(&f->app, tx, j);
	ips_json_close(j);
}

static void put_payload(
	struct ips_json *j, const struct ips_eve_config *cfg, const struct ips_packet *p)
{
	size_t n = SK_MIN(p->payload.len, cfg->payload_max);

	if (n) {
		ips_json_base64(j, "payload", p->payload.data, n);
		ips_json_printable(j, "payload_printable", p->payload.data, n);
	}
	if (cfg->packet && p->l3.len)
		ips_json_base64(j, "packet", p->l3.data, SK_MIN(p->l3.len, 2048));
}

static const char *const decisions[] = {
	[IPS_DECIDE_IGNORE] = "ignore",
	[IPS_DECIDE_ALERT] = "alert",
	[IPS_DECIDE_WOULD_DROP] = "would_drop",
	[IPS_DECIDE_DROP] = "drop",
	[IPS_DECIDE_REJECT] = "reject",
};

void ips_eve_alert(struct sk_buf *b, const struct ips_eve_config *cfg, const struct ips_packet *p,
	const struct ips_alert *a, struct ips_view pcap)
{
	struct ips_flow *f = p->flow;
	struct ips_json j;

	begin(&j, b, cfg, p, "alert");
	put_ether(&j, p);
	if (a->tx)
		ips_json_uint(&j, "tx_id", a->tx->id);
	put_rule(&j, cfg, a);
	if (f) {
		const char *app = app_name(&f->app);

		put_tx(&j, f, a->tx);
		if (app)
			ips_json_str(&j, "app_proto", app);
		ips_json_str(&j, "direction", p->dir == IPS_TOSERVER ? "to_server" : "to_client");
		put_flow(&j, f);
	}
	put_payload(&j, cfg, p);
	ips_json_uint(&j, "stream", a->stream);
	ips_json_open(&j, "sekisho");
	ips_json_str(&j, "reason", "ips");
	ips_json_str(&j, "decision", decisions[a->decision]);
	if (a->exception)
		ips_json_uint(&j, "exception", a->exception);
	if (a->urgent)
		ips_json_bool(&j, "urgent", true);
	if (pcap.len)
		ips_json_base64(&j, "pcap", pcap.data, pcap.len);
	ips_json_close(&j);
	ips_json_close(&j);
}

void ips_eve_drop(struct sk_buf *b, const struct ips_eve_config *cfg, const struct ips_packet *p,
	const struct ips_alert *a, const char *reason)
{
	struct ips_json j;

	begin(&j, b, cfg, p, "drop");
	put_ether(&j, p);
	if (a)
		put_rule(&j, cfg, a);
	ips_json_uint(&j, "pkt_len", p->l3.len);
	ips_json_open(&j, "sekisho");
	ips_json_str(&j, "reason", reason);
	if (a) {
		ips_json_uint(&j, "sid", a->rule->sid);
		ips_json_bool(&j, "rejected", a->decision == IPS_DECIDE_REJECT);
	}
	ips_json_close(&j);
	ips_json_close(&j);
}

/* As the client's first packet would have it. */
static struct ips_packet from_client(const struct ips_packet *p)
{
	const struct ips_flow *f = p->flow;
	struct ips_packet c = *p;

	if (!f)
		return c;
	c.src = f->addr[0];
	c.dst = f->addr[1];
	c.sport = f->port[0];
	c.dport = f->port[1];
	c.in_dev = f->in_dev;
	c.out_dev = f->out_dev;
	memcpy(c.hw_src, f->hw_src, sizeof(c.hw_src));
	return c;
}

void ips_eve_listed(struct sk_buf *b, const struct ips_eve_config *cfg, const struct ips_packet *p,
	const struct ips_eve_listed *x)
{
	const char *app = p->flow ? app_name(&p->flow->app) : NULL;
	struct ips_packet c = from_client(p);
	struct ips_json j;

	begin(&j, b, cfg, &c, x->decision ? "drop" : "allow");
	put_ether(&j, &c);
	if (app)
		ips_json_str(&j, "app_proto", app);
	ips_json_uint(&j, "pkt_len", p->l3.len);
	ips_json_open(&j, "sekisho");
	ips_json_str(&j, "reason", "blocklist");
	ips_json_str(&j, "feed", x->feed);
	ips_json_bytes(&j, "entry", x->entry.data, x->entry.len);
	ips_json_str(&j, "kind", x->kind);
	ips_json_bytes(&j, "name", x->name.data, x->name.len);
	if (x->decision) {
		ips_json_str(&j, "decision", x->decision);
		ips_json_bool(&j, "rejected", strcmp(x->decision, "drop") != 0);
	} else {
		ips_json_bool(&j, "would_drop", true);
	}
	ips_json_close(&j);
	ips_json_close(&j);
}

void ips_eve_learned(struct sk_buf *b, const struct ips_eve_config *cfg, uint64_t now_us,
	const struct ips_eve_learned *x)
{
	struct ips_json j;

	ips_json_init(&j, b);
	ips_json_open(&j, NULL);
	put_time(&j, "timestamp", now_us);
	if (cfg->ts)
		ips_json_uint(&j, "ts", now_us);
	ips_json_str(&j, "event_type", "inspection");
	ips_json_open(&j, "sekisho");
	ips_json_str(&j, "action", x->action);
	put_addr(&j, "address", x->family, &x->addr);
	ips_json_bytes(&j, "name", x->name.data, x->name.len);
	if (x->feed)
		ips_json_str(&j, "feed", x->feed);
	if (x->ttl)
		ips_json_uint(&j, "ttl", x->ttl);
	ips_json_close(&j);
	ips_json_close(&j);
}

void ips_eve_tx(struct sk_buf *b, const struct ips_eve_config *cfg, const struct ips_packet *p,
	struct ips_flow *f, struct ips_tx *tx)
{
	struct ips_packet c = *p;
	struct ips_json j;

	/* A transaction is told from its client's side, whichever packet completed it. */
	c.src = f->addr[0];
	c.dst = f->addr[1];
	c.sport = f->port[0];
	c.dport = f->port[1];
	begin(&j, b, cfg, &c, object_name(&f->app));
	ips_json_uint(&j, "tx_id", tx->id);
	put_tx(&j, f, tx);
	ips_json_close(&j);
}

static const char *const states[] = {"new", "established", "closed"};

void ips_eve_flow(struct sk_buf *b, const struct ips_eve_config *cfg, const struct ips_flow *f,
	uint64_t now_us, const char *why)
{
	const char *app = app_name(&f->app);
	struct ips_json j;
	struct ips_packet p = {
		.ts_us = now_us,
		.family = f->family,
		.proto = f->proto,
		.src = f->addr[0],
		.dst = f->addr[1],
		.sport = f->port[0],
		.dport = f->port[1],
		.in_dev = f->in_dev,
		.out_dev = f->out_dev,
	};

	if (!has_ports(f->proto)) {
		p.icmp.type = (uint8_t)(f->port[0] >> 8);
		p.icmp.code = (uint8_t)f->port[0];
	}
	begin(&j, b, cfg, &p, "flow");
	ips_json_uint(&j, "flow_id", f->id);
	if (app)
		ips_json_str(&j, "app_proto", app);
	ips_json_open(&j, "flow");
	ips_json_uint(&j, "pkts_toserver", f->pkts[IPS_TOSERVER]);
	ips_json_uint(&j, "pkts_toclient", f->pkts[IPS_TOCLIENT]);
	ips_json_uint(&j, "bytes_toserver", f->bytes[IPS_TOSERVER]);
	ips_json_uint(&j, "bytes_toclient", f->bytes[IPS_TOCLIENT]);
	put_time(&j, "start", f->first_us);
	put_time(&j, "end", f->last_us);
	ips_json_uint(&j, "age", (f->last_us - f->first_us) / 1000000);
	ips_json_str(&j, "state", f->flags & IPS_FLOW_BYPASS ? "bypassed" : states[f->state]);
	ips_json_str(&j, "reason", why);
	ips_json_bool(&j, "alerted", f->flags & IPS_FLOW_ALERTED);
	ips_json_close(&j);
	ips_json_close(&j);
}

void ips_eve_anomaly(struct sk_buf *b, const struct ips_eve_config *cfg, const struct ips_packet *p,
	const char *type, const char *event)
{
	struct ips_json j;

	begin(&j, b, cfg, p, "anomaly");
	put_ether(&j, p);
	ips_json_open(&j, "anomaly");
	if (p->flow && p->flow->app.id > IPS_P_FAILED)
		ips_json_str(&j, "app_proto", app_name(&p->flow->app));
	ips_json_str(&j, "type", type);
	ips_json_str(&j, "event", event);
	ips_json_close(&j);
	ips_json_close(&j);
}
