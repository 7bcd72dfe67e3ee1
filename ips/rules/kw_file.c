/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files within transactions, and what Suricata's language has and this engine has not: such a rule
 * is refused with the reason.
 */
#include <errno.h>

#include "ips/rules/kw.h"

#define FILES (ips_buf_info(IPS_BUF_FILE_NAME)->protos)

static int read_file_name(struct ips_build *b, struct ips_text v)
{
	bool negated = b->negated;
	struct ips_opt *o;
	uint8_t *data;
	uint16_t n;
	int e = ips_build_app(b, FILES);

	if (e == 0)
		e = ips_build_leave(b, IPS_BUF_PAYLOAD);
	if (e == 0)
		e = ips_kw_bytes(b, v, &data, &n);
	if (e < 0)
		return e;
	o = ips_build_cond(b, IPS_O_FILENAME, &e);
	if (!o)
		return e;
	o->negated = negated;
	o->text.str = (const char *)data;
	o->text.len = n;
	o->text.what = (uint8_t)b->kw->arg;
	return 0;
}

static int read_file_size(struct ips_build *b, struct ips_text v)
{
	struct ips_num_cmp cmp = {0};
	struct ips_opt *o;
	int e = ips_kw_cmp(b, v, UINT64_MAX, &cmp);

	if (e == 0)
		e = ips_kw_number(b, IPS_NUM_FILE_SIZE, FILES, &o);
	if (e == 0)
		o->number.cmp = cmp;
	return e;
}

/* ftpdata_command:stor or retr: the command that opened the connection. */
static int read_ftpdata(struct ips_build *b, struct ips_text v)
{
	bool stor = ips_text_is(v, "stor");
	struct ips_opt *o;
	int e;

	if (!stor && !ips_text_is(v, "retr"))
		return ips_refuse(b, "only stor and retr are known");
	e = ips_build_app(b, IPS_PB(FTPDATA));
	if (e < 0)
		return e;
	o = ips_build_own(b, IPS_BUF_FTPDATA_COMMAND, IPS_O_CONTENT, &e);
	if (!o)
		return e;
	o->content.data = (const uint8_t *)(stor ? "STOR" : "RETR");
	o->content.len = 4;
	o->content.nocase = true;
	o->content.depth.slot = o->content.offset.slot = -1;
	o->content.distance.slot = o->content.within.slot = -1;
	return 0;
}

const struct ips_kw ips_kw_file[] = {
	{"ftpdata_command", read_ftpdata, 0, 0},
	{"filename", read_file_name, IPS_KW_QUOTES | IPS_KW_NEGATE, 'n'},
	{"fileext", read_file_name, IPS_KW_QUOTES | IPS_KW_NEGATE, 'e'},
	{"filesize", read_file_size, 0, 0},
	{NULL, NULL, 0, 0},
};

enum {
	NO_STORE,
	NO_HASH,
	NO_MAGIC,
	NO_SCRIPT,
	NO_CHANGE,
	NO_GEOIP,
	NO_CAPTURE,
	NO_FRAME,
	NO_PARSER,
	NO_ADDR,
	NO_SUFFIXES,
};

int ips_kw_refuse(struct ips_build *b, struct ips_text v)
{
	static const char *const why[] = {
		[NO_STORE] = "files and certificates are not stored",
		[NO_HASH] = "lists of file hashes are not supported",
		[NO_MAGIC] = "the type of a file is not determined",
		[NO_SCRIPT] = "scripts are not run",
		[NO_CHANGE] = "packets are not changed",
		[NO_GEOIP] = "there is no database of countries",
		[NO_CAPTURE] = "variables with captured text are not supported",
		[NO_FRAME] = "frames of protocols are not supported",
		[NO_PARSER] = "that field of the protocol is not looked at",
		[NO_ADDR] = "addresses are no buffers here",
		[NO_SUFFIXES] = "there is no list of public suffixes",
	};

	return ips_refuse(b, "%s", why[b->kw->arg]);
}

#define NOT(name, why)                                                                             \
	{                                                                                          \
		name, ips_kw_refuse, IPS_KW_OPTIONAL | IPS_KW_QUOTES | IPS_KW_NEGATE, why          \
	}
const struct ips_kw ips_kw_refused[] = {
	NOT("filestore", NO_STORE),
	NOT("tls_store", NO_STORE),
	NOT("tls.store", NO_STORE),
	NOT("filemd5", NO_HASH),
	NOT("filesha1", NO_HASH),
	NOT("filesha256", NO_HASH),
	NOT("filemagic", NO_MAGIC),
	NOT("file.magic", NO_MAGIC),
	NOT("lua", NO_SCRIPT),
	NOT("luajit", NO_SCRIPT),
	NOT("luaxform", NO_SCRIPT),
	NOT("replace", NO_CHANGE),
	NOT("config", NO_CHANGE),
	NOT("nfq_set_mark", NO_CHANGE),
	NOT("geoip", NO_GEOIP),
	NOT("flowvar", NO_CAPTURE),
	NOT("pktvar", NO_CAPTURE),
	NOT("frame", NO_FRAME),
	NOT("ip.src", NO_ADDR),
	NOT("ip.dst", NO_ADDR),
	NOT("domain", NO_SUFFIXES),
	NOT("tld", NO_SUFFIXES),
	NOT("rpc", NO_PARSER),
	NOT("nfs_procedure", NO_PARSER),
	NOT("nfs.version", NO_PARSER),
	NOT("ssh.protoversion", NO_PARSER),
	NOT("ssh.softwareversion", NO_PARSER),
	NOT("http2.priority", NO_PARSER),
	NOT("http2.window", NO_PARSER),
	NOT("http2.size_update", NO_PARSER),
	NOT("http2.settings", NO_PARSER),
	NOT("cip_service", NO_PARSER),
	NOT("enip_command", NO_PARSER),
	NOT("dnp3.data", NO_PARSER),
	NOT("dnp3_func", NO_PARSER),
	NOT("dnp3_ind", NO_PARSER),
	NOT("dnp3_obj", NO_PARSER),
	NOT("krb5_msg_type", NO_PARSER),
	NOT("krb5_err_code", NO_PARSER),
	NOT("krb5.cname", NO_PARSER),
	NOT("krb5_cname", NO_PARSER),
	NOT("krb5.sname", NO_PARSER),
	NOT("krb5_sname", NO_PARSER),
	NOT("krb5.ticket_encryption", NO_PARSER),
	NOT("rfb.secresult", NO_PARSER),
	NOT("rfb.name", NO_PARSER),
	NOT("rfb.sectype", NO_PARSER),
	NOT("dhcp.leasetime", NO_PARSER),
	NOT("dhcp.rebinding_time", NO_PARSER),
	NOT("dhcp.renewal_time", NO_PARSER),
	NOT("sip.method", NO_PARSER),
	NOT("sip_method", NO_PARSER),
	NOT("sip.uri", NO_PARSER),
	NOT("sip_uri", NO_PARSER),
	NOT("sip.protocol", NO_PARSER),
	NOT("sip.stat_code", NO_PARSER),
	NOT("sip.stat_msg", NO_PARSER),
	NOT("sip.request_line", NO_PARSER),
	NOT("sip.response_line", NO_PARSER),
	NOT("snmp.version", NO_PARSER),
	NOT("snmp.community", NO_PARSER),
	NOT("snmp.pdu_type", NO_PARSER),
	NOT("snmp.usm", NO_PARSER),
	NOT("mqtt.type", NO_PARSER),
	NOT("mqtt.flags", NO_PARSER),
	NOT("mqtt.qos", NO_PARSER),
	NOT("mqtt.protocol_version", NO_PARSER),
	NOT("mqtt.reason_code", NO_PARSER),
	NOT("mqtt.connect.flags", NO_PARSER),
	NOT("mqtt.connect.clientid", NO_PARSER),
	NOT("mqtt.connect.username", NO_PARSER),
	NOT("mqtt.connect.password", NO_PARSER),
	NOT("mqtt.connect.willtopic", NO_PARSER),
	NOT("mqtt.connect.willmessage", NO_PARSER),
	NOT("mqtt.connack.session_present", NO_PARSER),
	NOT("mqtt.publish.topic", NO_PARSER),
	NOT("mqtt.publish.message", NO_PARSER),
	NOT("mqtt.subscribe.topic", NO_PARSER),
	NOT("mqtt.unsubscribe.topic", NO_PARSER),
	NOT("quic.cyu.hash", NO_PARSER),
	NOT("quic.cyu.string", NO_PARSER),
	NOT("ike.exchtype", NO_PARSER),
	NOT("ike.init_spi", NO_PARSER),
	NOT("ike.resp_spi", NO_PARSER),
	NOT("ike.vendor", NO_PARSER),
	NOT("ike.chosen_sa_attribute", NO_PARSER),
	NOT("ike.key_exchange_payload_length", NO_PARSER),
	NOT("ike.nonce_payload_length", NO_PARSER),
	NOT("ike.nonce_payload", NO_PARSER),
	NOT("ike.key_exchange_payload", NO_PARSER),
	{NULL, NULL, 0, 0},
};
