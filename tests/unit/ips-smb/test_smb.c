/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMB 1 and 2: shares, pipes, users and files, over any cut of the bytes. */
#include "tests/unit/ips-http/talk.h"

#include "lib/util.h"

#define FID "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20"

struct message {
	uint8_t p[2048];
	size_t n;
};

static void add(struct message *m, const void *p, size_t n)
{
	assert_true(m->n + n <= sizeof(m->p));
	memcpy(m->p + m->n, p, n);
	m->n += n;
}

static void le(struct message *m, uint64_t v, unsigned bytes)
{
	for (; bytes--; v >>= 8)
		add(m, &(uint8_t){(uint8_t)v}, 1);
}

/* ASCII as UTF-16LE. */
static void wide(struct message *m, const char *s)
{
	for (; *s; s++)
		le(m, (uint8_t)*s, 2);
}

/* The frame and the header; the length is told by send(). */
static void smb2(struct message *m, uint16_t command, uint64_t id, uint32_t tree, bool answer)
{
	m->n = 0;
	le(m, 0, 4);
	add(m, "\xfeSMB", 4);
	le(m, 64, 2);
	le(m, 0, 2 + 4);
	le(m, command, 2);
	le(m, 1, 2);
	le(m, answer, 4);
	le(m, 0, 4);
	le(m, id, 8);
	le(m, 0, 4);
	le(m, tree, 4);
	le(m, 0, 8);
	le(m, 0, 8);
	le(m, 0, 8);
}

static void send_it(struct talk *t, enum ips_dir dir, struct message *m)
{
	m->p[2] = (uint8_t)((m->n - 4) >> 8);
	m->p[3] = (uint8_t)(m->n - 4);
	talk_bytes(t, dir, m->p, m->n);
}

static void connect_tree(struct talk *t, uint64_t id, const char *path, uint32_t tree, int type)
{
	struct message m;

	smb2(&m, 3, id, 0, false);
	le(&m, 9, 2);
	le(&m, 0, 2);
	le(&m, 72, 2);
	le(&m, 2 * strlen(path), 2);
	wide(&m, path);
	send_it(t, C2S, &m);
	smb2(&m, 3, id, tree, true);
	le(&m, 16, 2);
	le(&m, (unsigned)type, 1);
	le(&m, 0, 13);
	send_it(t, S2C, &m);
}

static void create(struct talk *t, uint64_t id, const char *name, uint32_t tree)
{
	struct message m;

	smb2(&m, 5, id, tree, false);
	le(&m, 57, 2);
	for (unsigned i = 0; i < 42; i++)
		le(&m, 0, 1);
	le(&m, 120, 2);
	le(&m, 2 * strlen(name), 2);
	le(&m, 0, 8);
	wide(&m, name);
	send_it(t, C2S, &m);
	smb2(&m, 5, id, tree, true);
	le(&m, 89, 2);
	for (unsigned i = 0; i < 62; i++)
		le(&m, 0, 1);
	add(&m, FID, 16);
	send_it(t, S2C, &m);
}

static void write_it(struct talk *t, uint64_t id, const void *p, size_t n)
{
	struct message m;

	smb2(&m, 9, id, 0, false);
	le(&m, 49, 2);
	le(&m, 112, 2);
	le(&m, n, 4);
	le(&m, 0, 8);
	add(&m, FID, 16);
	le(&m, 0, 8);
	le(&m, 0, 8);
	add(&m, p, n);
	send_it(t, C2S, &m);
	smb2(&m, 9, id, 0, true);
	le(&m, 17, 2);
	le(&m, 0, 14);
	send_it(t, S2C, &m);
}

static void read_it(struct talk *t, uint64_t id, const void *p, size_t n)
{
	struct message m;

	smb2(&m, 8, id, 0, false);
	le(&m, 49, 2);
	le(&m, 0, 2);
	le(&m, 1000, 4);
	le(&m, 0, 8);
	add(&m, FID, 16);
	send_it(t, C2S, &m);
	smb2(&m, 8, id, 0, true);
	le(&m, 17, 2);
	le(&m, 80, 2);
	le(&m, n, 4);
	le(&m, 0, 8);
	add(&m, p, n);
	send_it(t, S2C, &m);
}

static void close_it(struct talk *t, uint64_t id)
{
	struct message m;

	smb2(&m, 6, id, 0, false);
	le(&m, 24, 2);
	le(&m, 0, 6);
	add(&m, FID, 16);
	send_it(t, C2S, &m);
	smb2(&m, 6, id, 0, true);
	le(&m, 60, 2);
	send_it(t, S2C, &m);
}

static void ntlmssp(struct message *m, const char *domain, const char *user)
{
	size_t d = 2 * strlen(domain), u = 2 * strlen(user);

	add(m, "NTLMSSP", 8);
	le(m, 3, 4);
	le(m, 0, 8);
	le(m, 0, 8);
	le(m, d, 2);
	le(m, d, 2);
	le(m, 64, 4);
	le(m, u, 2);
	le(m, u, 2);
	le(m, 64 + d, 4);
	le(m, 0, 8);
	le(m, 0, 8);
	le(m, 1, 4);
	wide(m, domain);
	wide(m, user);
}

static void file_of(size_t cut)
{
	struct talk t;

	talk_begin(&t, &ips_smb_proto);
	t.cut = cut;
	connect_tree(&t, 1, "\\\\h\\share", 7, 1);
	create(&t, 2, "a.txt", 7);
	write_it(&t, 3, "one ", 4);
	write_it(&t, 4, "two", 3);
	read_it(&t, 5, "back", 4);
	talk_is(&t, 0, IPS_BUF_SMB_SHARE, C2S, "\\\\h\\share");
	talk_absent(&t, 0, IPS_BUF_SMB_NAMED_PIPE, C2S);
	talk_absent(&t, 1, IPS_BUF_FILE_NAME, C2S); /* names of what is opened only */
	/* 2, 4 and 5 are messages, 3 and 6 what they carry. */
	talk_is(&t, 3, IPS_BUF_FILE_NAME, C2S, "a.txt");
	close_it(&t, 6);
	talk_is(&t, 3, IPS_BUF_FILE_DATA, C2S, "one two");
	talk_is(&t, 6, IPS_BUF_FILE_DATA, S2C, "back");
	talk_absent(&t, 2, IPS_BUF_FILE_DATA, C2S);
	talk_end(&t);
}

static void test_file(void **state)
{
	static const size_t cuts[] = {0, 1, 3, 100};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cuts); i++)
		file_of(cuts[i]);
}

static void test_log_on(void **state)
{
	struct message m;
	struct talk t;

	talk_begin(&t, &ips_smb_proto);
	smb2(&m, 1, 1, 0, false);
	le(&m, 25, 2);
	le(&m, 0, 2 + 8);
	le(&m, 88, 2);
	le(&m, 64 + 6 + 10, 2);
	le(&m, 0, 8);
	ntlmssp(&m, "DOM", "alice");
	send_it(&t, C2S, &m);
	talk_is(&t, 0, IPS_BUF_SMB_NTLMSSP_DOMAIN, C2S, "DOM");
	talk_is(&t, 0, IPS_BUF_SMB_NTLMSSP_USER, C2S, "alice");
	talk_end(&t);
}

static const uint8_t rpc_bind[] =
	"\5\0\13\3\20\0\0\0\110\0\0\0\1\0\0\0"
	"\xb8\x10\xb8\x10\0\0\0\0\1\0\0\0\0\0\1\0"
	"\x78\x57\x34\x12\x34\x12\xcd\xab\xef\0\1\x23\x45\x67\x89\xac\1\0\0\0"
	"\4\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\0\x2b\x10\x48\x60\2\0\0";

static size_t rpc_request(uint8_t *p, uint8_t flags, uint8_t call, const char *stub)
{
	size_t n = strlen(stub);

	memcpy(p, "\5\0\0\0\20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x1f\0", 24);
	p[3] = flags;
	p[8] = (uint8_t)(24 + n);
	p[12] = call;
	memcpy(p + 24, stub, n);
	return 24 + n;
}

/* Another share is connected in between: pipes stay pipes. */
static void test_rpc_on_a_pipe(void **state)
{
	uint8_t pdu[128];
	struct talk t;
	uint64_t opnum;
	size_t n;

	talk_begin(&t, &ips_smb_proto);
	connect_tree(&t, 1, "\\\\h\\ipc$", 7, 2);
	connect_tree(&t, 2, "\\\\h\\disk", 8, 1);
	talk_is(&t, 0, IPS_BUF_SMB_NAMED_PIPE, C2S, "\\\\h\\ipc$");
	create(&t, 3, "svcctl", 7);
	write_it(&t, 4, rpc_bind, sizeof(rpc_bind));
	n = rpc_request(pdu, 1, 2, "first");
	write_it(&t, 5, pdu, n);
	assert_false(talk_tx(&t, 4)->complete[C2S]);
	n = rpc_request(pdu, 2, 2, "last");
	write_it(&t, 6, pdu, n);
	talk_is(&t, 4, IPS_BUF_DCE_STUB_DATA, C2S, "firstlast");
	assert_true(talk_tx(&t, 4)->complete[C2S]);
	assert_true(
		t.proto->number(&t.flow.app, talk_tx(&t, 4), IPS_NUM_DCE_OPNUM, C2S, 0, &opnum));
	assert_int_equal(opnum, 0x1f);
	/* Two calls in one message are two transactions. */
	n = rpc_request(pdu, 3, 3, "third");
	n += rpc_request(pdu + n, 3, 4, "fourth");
	write_it(&t, 7, pdu, n);
	talk_is(&t, 6, IPS_BUF_DCE_STUB_DATA, C2S, "third");
	talk_is(&t, 7, IPS_BUF_DCE_STUB_DATA, C2S, "fourth");
	talk_end(&t);
}

static void smb1(struct message *m, uint8_t command, bool answer)
{
	m->n = 0;
	le(m, 0, 4);
	add(m, "\xffSMB", 4);
	le(m, command, 1);
	le(m, 0, 4);
	le(m, answer ? 0x88 : 8, 1);
	le(m, 0x4803, 2); /* bytes, not UTF-16 */
	le(m, 0, 8);
	le(m, 0, 4);
	le(m, 5, 2);
	le(m, 2, 2);
	le(m, 3, 2);
	le(m, 9, 2);
}

/* The tree is connected by the command chained to the log-on. */
static void test_chained_commands(void **state)
{
	struct message m;
	struct talk t;

	talk_begin(&t, &ips_smb_proto);
	smb1(&m, 0x73, false);
	le(&m, 2, 1);
	le(&m, 0x75, 2);
	le(&m, 32 + 1 + 4 + 2, 2);
	le(&m, 0, 2);
	le(&m, 4, 1);
	le(&m, 0xff, 2);
	le(&m, 0, 4);
	le(&m, 1, 2);
	le(&m, 12, 2);
	add(&m, "\0\\\\h\\admin$\0", 12);
	send_it(&t, C2S, &m);
	talk_is(&t, 1, IPS_BUF_SMB_SHARE, C2S, "\\\\h\\admin$");
	talk_end(&t);
}

/* A chain that points at itself, or nowhere, ends. */
static void test_chain_that_goes_round(void **state)
{
	struct message m;
	struct talk t;

	for (unsigned to = 0; to < 70; to++) {
		talk_begin(&t, &ips_smb_proto);
		smb1(&m, 0x74, false);
		le(&m, 2, 1);
		le(&m, 0x74, 2);
		le(&m, to, 2);
		le(&m, 0, 2);
		send_it(&t, C2S, &m);
		assert_in_range(t.flow.app.tx_made, 1, 2);
		talk_end(&t);
	}
}

/* An oplock break has the id of no request. */
static void test_unasked_message_ends_no_file(void **state)
{
	struct message m;
	struct talk t;

	talk_begin(&t, &ips_smb_proto);
	create(&t, 2, "a.txt", 7);
	write_it(&t, 3, "one ", 4);
	smb2(&m, 0x12, UINT64_MAX, 0, true);
	send_it(&t, S2C, &m);
	write_it(&t, 4, "two", 3);
	close_it(&t, 5);
	talk_is(&t, 2, IPS_BUF_FILE_DATA, C2S, "one two");
	talk_end(&t);
}

static void test_lies_about_lengths(void **state)
{
	struct message m;
	struct talk t;
	uint64_t size;

	talk_begin(&t, &ips_smb_proto);
	smb2(&m, 9, 1, 0, false);
	le(&m, 49, 2);
	le(&m, 112, 2);
	le(&m, 1000, 4); /* so many bytes, and only five come */
	le(&m, 0, 8);
	add(&m, FID, 16);
	le(&m, 0, 8);
	le(&m, 0, 8);
	add(&m, "short", 5);
	send_it(&t, C2S, &m);
	close_it(&t, 2);
	talk_is(&t, 1, IPS_BUF_FILE_DATA, C2S, "short");
	assert_true(t.proto->number(&t.flow.app, talk_tx(&t, 1), IPS_NUM_FILE_SIZE, C2S, 0, &size));
	assert_int_equal(size, 1000);
	talk_client(&t, "\x20zzzz");
	assert_true(t.flow.app.events[0] != 0);
	talk_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_log_on),
		cmocka_unit_test(test_rpc_on_a_pipe),
		cmocka_unit_test(test_chained_commands),
		cmocka_unit_test(test_chain_that_goes_round),
		cmocka_unit_test(test_unasked_message_ends_no_file),
		cmocka_unit_test(test_lies_about_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
