/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FTP: which connections are announced, what replies belong to, what files the data carry. */
#include "tests/unit/ips-http/talk.h"

#include <arpa/inet.h>

static struct {
	struct ips_app_expect last;
	unsigned n;
} said;

static void expect(const struct ips_app_expect *e, void *arg)
{
	said.last = *e;
	said.n++;
}

static void begin(struct talk *t)
{
	talk_begin(t, &ips_ftp_proto);
	memset(&said, 0, sizeof(said));
	t->ctx.expect = expect;
	t->flow.family = 4;
	t->flow.addr[C2S].w[0] = htonl(0x0a000001);
	t->flow.addr[S2C].w[0] = htonl(0x0a000002);
	talk_server(t, "220 FTP\r\n");
}

static void announces(
	const char *command, const char *reply, const char *transfer, uint32_t addr, uint16_t port)
{
	struct talk t;

	begin(&t);
	t.cut = 3;
	talk_client(&t, command);
	talk_server(&t, reply);
	assert_int_equal(said.n, 0);
	talk_client(&t, transfer);
	assert_int_equal(said.n, port ? 1 : 0);
	if (port) {
		assert_int_equal(said.last.port, port);
		assert_int_equal(said.last.addr.w[0], htonl(addr));
		assert_int_equal(said.last.id, IPS_P_FTPDATA);
	}
	talk_server(&t, "150 go\r\n226 done\r\n");
	talk_client(&t, transfer); /* an announcement is for one connection */
	assert_int_equal(said.n, port ? 1 : 0);
	talk_end(&t);
}

/* Whatever address is named: nobody names connections of others. */
static void test_data_connections(void **state)
{
	announces("PORT 10,0,0,1,4,5\r\n", "200 ok\r\n", "RETR f\r\n", 0x0a000001, 1029);
	announces("PORT 9,9,9,9,0,80\r\n", "200 ok\r\n", "STOR f\r\n", 0x0a000001, 80);
	announces("EPRT |1|9.9.9.9|99|\r\n", "200 ok\r\n", "APPE f\r\n", 0x0a000001, 99);
	announces("PASV\r\n", "227 Passive (192,168,0,1,8,9)\r\n", "RETR f\r\n", 0x0a000002, 2057);
	announces("PASV\r\n", "227 =1,2,3,4,8,9\r\n", "RETR f\r\n", 0x0a000002, 2057);
	announces("EPSV\r\n", "229 Extended (|||5555|)\r\n", "retr f\r\n", 0x0a000002, 5555);
	announces("PORT 10,0,0,1,4\r\n", "500 no\r\n", "RETR f\r\n", 0, 0);
	announces("PORT 10,0,0,256,4,5\r\n", "500 no\r\n", "RETR f\r\n", 0, 0);
	announces("EPRT |1|9.9.9.9|99999|\r\n", "500 no\r\n", "RETR f\r\n", 0, 0);
	announces("EPSV\r\n", "229 (||\r\n", "RETR f\r\n", 0, 0);
	announces("EPSV\r\n", "229\r\n", "RETR f\r\n", 0, 0);
}

static void logged(struct talk *t, unsigned tx, const char *want)
{
	struct sk_buf b;
	struct ips_json j;

	sk_buf_init(&b, 65536);
	ips_json_init(&j, &b);
	ips_json_open(&j, NULL);
	t->proto->log(&t->flow.app, talk_tx(t, tx), &j);
	ips_json_close(&j);
	assert_int_equal(b.len, strlen(want));
	assert_memory_equal(b.data, want, b.len);
	sk_buf_done(&b);
}

static void test_replies(void **state)
{
	struct talk t;

	begin(&t);
	talk_client(&t, "USER me\r\nPASS secret\r\nRETR f\r\n");
	talk_server(&t, "331 word\r\n230-hello\r\n 230 not the end\r\n230 in\r\n150 go\r\n");
	assert_true(talk_tx(&t, 2)->complete[S2C]);
	assert_false(talk_tx(&t, 3)->complete[S2C]);
	talk_server(&t, "226 done\r\n");
	assert_true(talk_tx(&t, 3)->complete[S2C]);
	logged(&t, 0, "{\"completion_code\":[\"220\"],\"reply\":[\"FTP\"]}");
	logged(&t, 1,
		"{\"command\":\"USER\",\"command_data\":\"me\",\"completion_code\":[\"331\"],"
		"\"reply\":[\"word\"]}");
	logged(&t, 2,
		"{\"command\":\"PASS\",\"completion_code\":[\"230\"],"
		"\"reply\":[\"hello\",\" 230 not the end\",\"in\"]}");
	logged(&t, 3,
		"{\"command\":\"RETR\",\"command_data\":\"f\","
		"\"completion_code\":[\"150\",\"226\"],\"reply\":[\"go\",\"done\"]}");
	talk_end(&t);
}

static bool flow_event(const struct talk *t, const char *name)
{
	for (unsigned i = 0; t->proto->events[i]; i++)
		if (strcmp(t->proto->events[i], name) == 0)
			return t->flow.app.events[0] >> i & 1;
	fail_msg("no event %s", name);
	return false;
}

static void test_long_lines(void **state)
{
	char line[9000];
	struct talk t;

	memset(line, 'a', sizeof(line));
	begin(&t);
	talk_bytes(&t, C2S, line, sizeof(line));
	assert_true(flow_event(&t, "request_command_too_long"));
	assert_false(flow_event(&t, "response_command_too_long"));
	talk_bytes(&t, S2C, line, sizeof(line));
	assert_true(flow_event(&t, "response_command_too_long"));
	talk_client(&t, "\r\nPORT 10,0,0,1,4,5\r\nRETR f\r\n");
	assert_int_equal(said.last.port, 1029);
	talk_end(&t);
}

/* The rest of a line whose beginning is lost is no command. */
static void test_gap(void **state)
{
	struct talk t;

	begin(&t);
	talk_client(&t, "PORT 10,0,0,1,4,5\r\nNOO");
	t.proto->data(&t.flow.app, &t.ctx, C2S, NULL, 10, false);
	talk_client(&t, "RETR f\r\nNOOP\r\n");
	assert_int_equal(said.n, 0);
	talk_client(&t, "RETR f\r\n");
	assert_int_equal(said.n, 1);
	talk_end(&t);
}

static void test_auth_tls(void **state)
{
	struct talk t;

	begin(&t);
	talk_client(&t, "AUTH TLS\r\n");
	talk_server(&t, "234 go\r\n");
	assert_true(t.flow.app.flags & IPS_APP_CHANGED);
	assert_int_equal(t.flow.app.expected, IPS_P_TLS);
	talk_end(&t);
}

static void test_commands_without_replies_are_bounded(void **state)
{
	struct talk t;

	begin(&t);
	for (unsigned i = 0; i < 3 * IPS_APP_TX_MAX; i++) {
		talk_client(&t, "NOOP\r\n");
		talk_reap(&t);
		assert_true(t.flow.app.tx_now <= IPS_APP_TX_MAX + 1);
	}
	talk_end(&t);
}

static void test_files(void **state)
{
	struct talk t;
	uint64_t size;

	talk_begin(&t, &ips_ftpdata_proto);
	talk_absent(&t, 0, IPS_BUF_FTPDATA_COMMAND, S2C); /* nobody announced it */
	talk_waits(&t, 0, IPS_BUF_FILE_DATA, S2C);
	talk_server(&t, "file ");
	talk_server(&t, "bytes");
	assert_false(
		t.proto->number(&t.flow.app, talk_tx(&t, 0), IPS_NUM_FILE_SIZE, S2C, 0, &size));
	talk_eof(&t, S2C);
	talk_eof(&t, C2S);
	talk_is(&t, 0, IPS_BUF_FILE_DATA, S2C, "file bytes");
	talk_absent(&t, 0, IPS_BUF_FILE_DATA, C2S);
	assert_true(t.proto->number(&t.flow.app, talk_tx(&t, 0), IPS_NUM_FILE_SIZE, S2C, 0, &size));
	assert_int_equal(size, 10);
	talk_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data_connections),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_auth_tls),
		cmocka_unit_test(test_commands_without_replies_are_bounded),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
