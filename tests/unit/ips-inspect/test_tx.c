/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditions on transactions, on a protocol that answers what the test wants. */
#include "ips/proto/recognise.h"
#include "tests/unit/ips-inspect/one.h"

static const char HTTP[] = "http any any -> any any";
static const char SMB[] = "smb any any -> any any";

static struct {
	uint64_t numbers[4];
	unsigned numbers_n;
	const char *names[3];
	unsigned names_n;
	enum ips_buf_state then; /* after the last name */
	uint8_t iface[2][19];
	unsigned ifaces_n;
	const char *port;
} says;

static bool number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	if (index >= says.numbers_n)
		return false;
	*ret = says.numbers[index];
	return true;
}

static enum ips_buf_state buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (buf == IPS_BUF_DCE_IFACE_ROW && index < says.ifaces_n) {
		ret->data = says.iface[index];
		ret->len = sizeof(says.iface[index]);
		return IPS_BUF_FULL;
	}
	if (buf == IPS_BUF_FTP_PORT_ROW && says.port) {
		ret->data = (const uint8_t *)says.port;
		ret->len = (uint32_t)strlen(says.port);
		return IPS_BUF_FULL;
	}
	if (buf == IPS_BUF_FILE_NAME && index < says.names_n) {
		ret->data = (const uint8_t *)says.names[index];
		ret->len = (uint32_t)strlen(says.names[index]);
		return IPS_BUF_FULL;
	}
	return says.then;
}

static const struct ips_proto proto = {.id = IPS_P_HTTP1, .number = number, .buffer = buffer};

static enum ips_tri ask(struct one *o, const char *header, const char *options)
{
	one_rule(o, header, options);
	return ips_inspect_tx_conds(o->in, o->rule, &o->env);
}

static void setup(struct one *o, struct ips_tx *tx)
{
	memset(&says, 0, sizeof(says));
	says.then = IPS_BUF_ABSENT;
	memset(tx, 0, sizeof(*tx));
	one_open(o, HTTP, "urilen:5;");
	o->flow.app.proto = &proto;
	o->flow.app.id = IPS_P_HTTP1;
	o->env.tx = tx;
	o->env.dir = IPS_TOSERVER;
}

static void numbers(void **state)
{
	struct ips_tx tx;
	struct one o;

	setup(&o, &tx);
	assert_int_equal(ask(&o, HTTP, "urilen:5;"), IPS_TRI_WAIT);
	tx.complete[IPS_TOSERVER] = true;
	assert_int_equal(ask(&o, HTTP, "urilen:5;"), IPS_TRI_NO);
	says.numbers[says.numbers_n++] = 5;
	assert_int_equal(ask(&o, HTTP, "urilen:5;"), IPS_TRI_YES);
	assert_int_equal(ask(&o, HTTP, "urilen:>5;"), IPS_TRI_NO);
	assert_int_equal(ask(&o, HTTP, "urilen:5; urilen:<6,raw;"), IPS_TRI_YES);
	assert_int_equal(ask(&o, HTTP, "urilen:5; urilen:>6,raw;"), IPS_TRI_NO);
	tx.complete[IPS_TOSERVER] = false;
	assert_int_equal(ask(&o, HTTP, "urilen:>5;"), IPS_TRI_WAIT);
	/* Any of several instances. */
	says.numbers[says.numbers_n++] = 9;
	assert_int_equal(ask(&o, HTTP, "urilen:9;"), IPS_TRI_YES);
	/* Several alternatives; and without a transaction nothing holds. */
	assert_int_equal(ask(&o, "dcerpc any any -> any any", "dcerpc.opnum:1,7-9;"), IPS_TRI_YES);
	assert_int_equal(ask(&o, "dcerpc any any -> any any", "dcerpc.opnum:1,7-8;"), IPS_TRI_WAIT);
	o.env.tx = NULL;
	assert_int_equal(ask(&o, HTTP, "urilen:5;"), IPS_TRI_NO);
	assert_int_equal(ask(&o, HTTP, "http.uri; content:\"x\";"), IPS_TRI_YES);
	one_close(&o);
}

static void bits(void **state)
{
	const char *tls = "tls any any -> any any";
	struct ips_tx tx;
	struct one o;

	setup(&o, &tx);
	says.numbers[says.numbers_n++] = 1 | 2; /* both hellos seen */
	assert_int_equal(ask(&o, tls, "ssl_state:client_hello;"), IPS_TRI_YES);
	assert_int_equal(ask(&o, tls, "ssl_state:server_keyx|server_hello;"), IPS_TRI_YES);
	assert_int_equal(ask(&o, tls, "ssl_state:client_keyx;"), IPS_TRI_WAIT);
	assert_int_equal(ask(&o, tls, "ssl_state:!client_keyx;"), IPS_TRI_YES);
	assert_int_equal(ask(&o, tls, "ssl_state:!client_hello;"), IPS_TRI_WAIT);
	tx.complete[IPS_TOSERVER] = true;
	assert_int_equal(ask(&o, tls, "ssl_state:!client_hello;"), IPS_TRI_NO);
	one_close(&o);
}

static void events(void **state)
{
	enum ips_proto_id id;
	int ev = ips_app_event_by_name("http.invalid_content_length_field_in_request", &id);
	struct ips_tx tx;
	struct one o;
	const char *rule = "app-layer-event:http.invalid_content_length_field_in_request;";
	const char *flow = "app-layer-event:applayer_mismatch_protocol_both_directions;";

	assert_true(ev >= 0);
	setup(&o, &tx);
	assert_int_equal(ask(&o, HTTP, rule), IPS_TRI_WAIT);
	tx.events[ev / 64] |= 1ULL << (ev % 64);
	assert_int_equal(ask(&o, HTTP, rule), IPS_TRI_YES);
	/* Recognition's own belong to the flow and are asked of packets. */
	one_rule(&o, "tcp any any -> any any", flow);
	assert_false(ips_inspect_packet_conds(o.in, o.rule, &o.env));
	ips_tx_event(&o.flow.app, NULL, IPS_AE_MISMATCH_BOTH_DIRECTIONS);
	assert_true(ips_inspect_packet_conds(o.in, o.rule, &o.env));
	one_close(&o);
}

static void file_names(void **state)
{
	struct ips_tx tx;
	struct one o;

	setup(&o, &tx);
	assert_int_equal(ask(&o, HTTP, "fileext:\"exe\";"), IPS_TRI_WAIT);
	says.names[says.names_n++] = "readme.txt";
	says.names[says.names_n++] = "Setup.EXE";
	assert_int_equal(ask(&o, HTTP, "fileext:\"exe\";"), IPS_TRI_YES);
	assert_int_equal(ask(&o, HTTP, "filename:\"tup.\";"), IPS_TRI_YES);
	assert_int_equal(ask(&o, HTTP, "fileext:\"e\";"), IPS_TRI_WAIT);
	assert_int_equal(ask(&o, HTTP, "filename:!\"nothing\";"), IPS_TRI_YES);
	tx.complete[IPS_TOSERVER] = true;
	assert_int_equal(ask(&o, HTTP, "filename:\"nothing\";"), IPS_TRI_NO);
	assert_int_equal(ask(&o, HTTP, "filename:!\"setup\";"), IPS_TRI_NO);
	one_close(&o);
}

static void interfaces(void **state)
{
	static const uint8_t row[19] = {0x12, 0x34, 0x57, 0x78, 0x12, 0x34, 0xab, 0xcd, 0xef, 0,
		0x01, 0x23, 0x45, 0x67, 0x89, 0xac, 0, 2, 0};
	const char *any = "dcerpc.iface:12345778-1234-abcd-ef00-0123456789ac;";
	const char *newer = "dcerpc.iface:12345778-1234-abcd-ef00-0123456789ac,>2;";
	const char *two = "dcerpc.iface:12345778-1234-abcd-ef00-0123456789ac,=2;";
	const char *frag = "dcerpc.iface:12345778-1234-abcd-ef00-0123456789ac,any_frag;";
	struct ips_tx tx;
	struct one o;

	setup(&o, &tx);
	assert_int_equal(ask(&o, SMB, any), IPS_TRI_WAIT);
	says.ifaces_n = 2;
	memcpy(says.iface[1], row, sizeof(row));
	assert_int_equal(ask(&o, SMB, any), IPS_TRI_YES);
	assert_int_equal(ask(&o, SMB, two), IPS_TRI_YES);
	assert_int_equal(ask(&o, SMB, newer), IPS_TRI_WAIT);
	says.iface[1][18] = 1; /* a later fragment */
	assert_int_equal(ask(&o, SMB, any), IPS_TRI_WAIT);
	assert_int_equal(ask(&o, SMB, frag), IPS_TRI_YES);
	tx.complete[IPS_TOSERVER] = true;
	assert_int_equal(ask(&o, SMB, any), IPS_TRI_NO);
	one_close(&o);
}

static void bounces(void **state)
{
	static const struct {
		const char *port;
		bool yes;
	} t[] = {{"10,0,0,1,4,1", false}, {"10,0,0,9,4,1", true}, {"192,168,1,1,4", true},
		{"192,168,1,1", true}, {"999,168,1,1,4,1", false}, {"1921,68,1,1,4,1", false},
		{"192,,1,1,4,1", false}, {"", false}, {"x", false}, {NULL, false}};
	struct ips_tx tx;
	struct one o;

	setup(&o, &tx);
	for (size_t i = 0; i < SK_ARRAY_SIZE(t); i++) {
		says.port = t[i].port;
		if (ask(&o, "ftp any any -> any any", "ftpbounce;") !=
			(t[i].yes ? IPS_TRI_YES : IPS_TRI_NO))
			fail_msg("row %zu", i);
	}
	one_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(bits),
		cmocka_unit_test(events),
		cmocka_unit_test(file_names),
		cmocka_unit_test(interfaces),
		cmocka_unit_test(bounces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
