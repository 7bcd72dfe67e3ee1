/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet events as EVE text (Suricata's field names). Called once for every event that is not
 * folded; no allocation besides the buffer's growth.
 */
#include "fw/fwd/event.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/utf8.h"

#define US 1000000

void fwd_json_put_str(struct sk_buf *b, const char *s)
{
	size_t left = strlen(s);

	sk_buf_putc(b, '"');
	while (left > 0) {
		uint32_t cp = 0;
		size_t n = sk_utf8_next(s, left, &cp);

		if (n == 0) {
			sk_buf_puts(b, "\\ufffd");
			n = 1;
		} else if (cp < 0x20) {
			sk_buf_printf(b, "\\u%04x", (unsigned)cp);
		} else if (cp == '"' || cp == '\\') {
			sk_buf_putc(b, '\\');
			sk_buf_putc(b, (char)cp);
		} else {
			sk_buf_put(b, s, n);
		}
		s += n;
		left -= n;
	}
	sk_buf_putc(b, '"');
}

static void put_field(struct sk_buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	sk_buf_puts(b, key);
	fwd_json_put_str(b, value);
}

static void put_u64(struct sk_buf *b, uint64_t v)
{
	char tmp[20];
	size_t i = sizeof(tmp);

	do {
		tmp[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	sk_buf_put(b, tmp + i, sizeof(tmp) - i);
}

static void put_num(struct sk_buf *b, const char *key, uint64_t v)
{
	sk_buf_puts(b, key);
	put_u64(b, v);
}

static void put_stamp(struct sk_buf *b, struct fwd_stamp *st, int64_t ts_us)
{
	int64_t sec = ts_us / US, us = ts_us % US;

	if (sec != st->sec || !st->text[0]) {
		sk_time_format_us(sec * US, st->text, sizeof(st->text));
		st->sec = sec;
	}
	/* The fraction stands behind "yyyy-mm-ddThh:mm:ss.". */
	for (int i = 25; i >= 20; i--, us /= 10)
		st->text[i] = (char)('0' + us % 10);
	sk_buf_puts(b, st->text);
}

static void put_ip(struct sk_buf *b, uint8_t family, const uint8_t *a)
{
	char tmp[INET6_ADDRSTRLEN] = "";

	if (family == 4) {
		for (int i = 0; i < 4; i++) {
			if (i > 0)
				sk_buf_putc(b, '.');
			put_u64(b, a[i]);
		}
		return;
	}
	inet_ntop(AF_INET6, a, tmp, sizeof(tmp));
	sk_buf_puts(b, tmp);
}

/* The names Suricata writes into "proto"; three digits for all others. */
static void put_proto(struct sk_buf *b, uint8_t proto)
{
	static const char *const names[256] = {
		[1] = "ICMP",
		[2] = "IGMP",
		[4] = "IPV4",
		[6] = "TCP",
		[17] = "UDP",
		[33] = "DCCP",
		[41] = "IPV6",
		[47] = "GRE",
		[50] = "ESP",
		[51] = "AH",
		[58] = "IPv6-ICMP",
		[103] = "PIM",
		[112] = "VRRP",
		[132] = "SCTP",
		[136] = "UDPLite",
	};

	if (names[proto])
		sk_buf_puts(b, names[proto]);
	else
		sk_buf_printf(b, "%03u", proto);
}

static void put_packet(struct sk_buf *b, const struct fwd_packet *p)
{
	sk_buf_puts(b, ",\"src_ip\":\"");
	put_ip(b, p->family, p->src);
	sk_buf_putc(b, '"');
	if (p->has_ports)
		put_num(b, ",\"src_port\":", p->sport);
	sk_buf_puts(b, ",\"dest_ip\":\"");
	put_ip(b, p->family, p->dst);
	sk_buf_putc(b, '"');
	if (p->has_ports)
		put_num(b, ",\"dest_port\":", p->dport);
	sk_buf_puts(b, ",\"proto\":\"");
	put_proto(b, p->proto);
	sk_buf_putc(b, '"');
	if (p->has_icmp) {
		put_num(b, ",\"icmp_type\":", p->icmp_type);
		put_num(b, ",\"icmp_code\":", p->icmp_code);
	}
	put_num(b, ",\"pkt_len\":", p->len);
}

static void put_mac(struct sk_buf *b, const uint8_t mac[6])
{
	static const char hex[] = "0123456789abcdef";
	char tmp[18];

	for (int i = 0; i < 6; i++) {
		tmp[3 * i] = hex[mac[i] >> 4];
		tmp[3 * i + 1] = hex[mac[i] & 15];
		tmp[3 * i + 2] = ':';
	}
	sk_buf_puts(b, ",\"ether\":{\"src_mac\":\"");
	sk_buf_put(b, tmp, 17);
	sk_buf_puts(b, "\"}");
}

static const char *reason_of(const struct fwd_event *e)
{
	if (e->guard)
		return FW_REASON_GUARD;
	return fwd_event_monitored(e) ? FW_REASON_BLOCKLIST : e->reason;
}

void fwd_event_put(struct sk_buf *b, struct fwd_stamp *st, const struct fwd_event *e,
	const struct fwd_event_names *names, const struct fwd_fold_sum *sum)
{
	int64_t ts = sum ? sum->last_us : e->ts_us;

	sk_buf_puts(b, "{\"timestamp\":\"");
	put_stamp(b, st, ts);
	put_num(b, "\",\"ts\":", (uint64_t)ts);
	sk_buf_puts(
		b, fwd_event_blocked(e) ? ",\"event_type\":\"drop\"" : ",\"event_type\":\"allow\"");
	put_field(b, ",\"in_iface\":", names->in_iface);
	put_field(b, ",\"out_iface\":", names->out_iface);
	put_packet(b, &e->pkt);
	if (e->has_mac)
		put_mac(b, e->mac);
	put_field(b, ",\"sekisho\":{\"reason\":", reason_of(e));
	if (e->guard && e->guard[0])
		put_field(b, ",\"guard\":", e->guard);
	put_num(b, ",\"rule\":", e->rule);
	put_num(b, ",\"revision\":", e->revision);
	if (e->verdict == FW_LOG_REJECT)
		sk_buf_puts(b, ",\"rejected\":true");
	if (e->verdict == FW_LOG_NAT)
		sk_buf_puts(b, ",\"nat\":true");
	if (fwd_event_monitored(e))
		sk_buf_puts(b, ",\"would_drop\":true");
	put_field(b, ",\"feed\":", names->feed);
	put_field(b, ",\"entry\":", names->entry);
	put_field(b, ",\"zone_in\":", names->zone_in);
	put_field(b, ",\"zone_out\":", names->zone_out);
	put_field(b, ",\"direction\":", names->direction);
	if (sum) {
		put_num(b, ",\"count\":", sum->count);
		put_num(b, ",\"first\":", (uint64_t)sum->first_us);
		put_num(b, ",\"last\":", (uint64_t)sum->last_us);
	}
	sk_buf_puts(b, "}}");
}
