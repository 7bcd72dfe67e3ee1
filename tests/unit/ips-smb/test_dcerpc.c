/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DCE/RPC over TCP: interfaces, calls in fragments, both byte orders. */
#include "tests/unit/ips-http/talk.h"

#include "lib/util.h"

struct pdu {
	uint8_t p[1024];
	size_t n;
	bool little;
};

static void num(struct pdu *b, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		b->p[b->n++] = (uint8_t)(v >> 8 * (b->little ? i : bytes - 1 - i));
}

static void begin(struct pdu *b, bool little, uint8_t type, uint8_t flags, uint32_t call)
{
	*b = (struct pdu){.little = little, .p = {5, 0, type, flags, little ? 0x10 : 0}, .n = 8};
	num(b, 0, 4);
	num(b, call, 4);
}

static void send_it(struct talk *t, enum ips_dir dir, struct pdu *b)
{
	size_t n = b->n;

	b->n = 8;
	num(b, (uint32_t)n, 2);
	talk_bytes(t, dir, b->p, n);
}

/* The UUID 01020304-0506-0708-090a-0b0c0d0e0f10 but for its last byte. */
static void uuid(struct pdu *b, uint8_t last)
{
	num(b, 0x01020304, 4);
	num(b, 0x0506, 2);
	num(b, 0x0708, 2);
	memcpy(b->p + b->n, "\11\12\13\14\15\16\17", 7);
	b->n += 7;
	b->p[b->n++] = last;
}

static void bind(struct talk *t, bool little, uint8_t type, uint16_t context, uint8_t last)
{
	struct pdu b;

	begin(&b, little, type, 3, 1);
	num(&b, 4280, 2);
	num(&b, 4280, 2);
	num(&b, 0, 4);
	num(&b, 1, 1);
	num(&b, 0, 3);
	num(&b, context, 2);
	num(&b, 1, 1);
	num(&b, 0, 1);
	uuid(&b, last);
	num(&b, 3, 2);
	num(&b, 0, 2);
	uuid(&b, 0xff);
	num(&b, 2, 4);
	send_it(t, C2S, &b);
}

static void ack(struct talk *t, bool little, uint8_t type, uint16_t result)
{
	struct pdu b;

	begin(&b, little, type, 3, 1);
	num(&b, 4280, 2);
	num(&b, 4280, 2);
	num(&b, 7, 4);
	num(&b, 4, 2);
	memcpy(b.p + b.n, "135", 4);
	b.n += 4;
	num(&b, 0, 2);
	num(&b, 1, 1);
	num(&b, 0, 3);
	num(&b, result, 2);
	num(&b, 0, 2);
	uuid(&b, 0xff);
	num(&b, 2, 4);
	send_it(t, S2C, &b);
}

static void request(struct talk *t, bool little, uint8_t flags, uint16_t context, const char *stub)
{
	struct pdu b;

	begin(&b, little, 0, flags, 2);
	num(&b, (uint32_t)strlen(stub), 4);
	num(&b, context, 2);
	num(&b, 0x1f, 2);
	memcpy(b.p + b.n, stub, strlen(stub));
	b.n += strlen(stub);
	send_it(t, C2S, &b);
}

static void is_interface(struct talk *t, unsigned tx, uint8_t last)
{
	uint8_t want[19] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, last, 0, 3, 0};
	struct ips_buf_view v;

	assert_int_equal(talk_get(t, tx, IPS_BUF_DCE_IFACE_ROW, C2S, 0, &v), IPS_BUF_FULL);
	assert_int_equal(v.len, sizeof(want));
	assert_memory_equal(v.data, want, sizeof(want));
}

static void call_of(bool little, size_t cut)
{
	struct ips_buf_view v;
	struct talk t;
	struct pdu b;
	uint64_t opnum;

	talk_begin(&t, &ips_dcerpc_proto);
	t.cut = cut;
	bind(&t, little, 11, 0, 16);
	ack(&t, little, 12, 0);
	request(&t, little, 1, 0, "first ");
	assert_false(talk_tx(&t, 1)->complete[C2S]);
	is_interface(&t, 1, 16);
	request(&t, little, 2, 0, "last");
	assert_true(talk_tx(&t, 1)->complete[C2S]);
	is_interface(&t, 1, 16);
	talk_is(&t, 1, IPS_BUF_DCE_STUB_DATA, C2S, "first last");
	assert_true(
		t.proto->number(&t.flow.app, talk_tx(&t, 1), IPS_NUM_DCE_OPNUM, C2S, 0, &opnum));
	assert_int_equal(opnum, 0x1f);
	begin(&b, little, 2, 3, 2);
	num(&b, 0, 4);
	num(&b, 0, 4);
	memcpy(b.p + b.n, "answer", 6);
	b.n += 6;
	send_it(&t, S2C, &b);
	assert_int_equal(talk_get(&t, 1, IPS_BUF_DCE_STUB_DATA, S2C, 0, &v), IPS_BUF_FULL);
	assert_int_equal(v.len, 14); /* with the allocation hint, context and cancel count */
	assert_memory_equal(v.data + 8, "answer", 6);
	assert_int_equal(t.flow.app.events[0], 0);
	assert_int_equal(t.flow.app.tx_made, 2);
	talk_end(&t);
}

static void test_call(void **state)
{
	static const size_t cuts[] = {0, 1, 5};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cuts); i++) {
		call_of(true, cuts[i]);
		call_of(false, cuts[i]);
	}
}

static void test_refused_interface_is_not_called(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_dcerpc_proto);
	bind(&t, true, 11, 0, 16);
	ack(&t, true, 12, 2);
	request(&t, true, 3, 0, "x");
	talk_absent(&t, 1, IPS_BUF_DCE_IFACE_ROW, C2S);
	talk_end(&t);
}

/* However many are bound before: the one that is called is known. */
static void test_binding_much_hides_nothing(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_dcerpc_proto);
	for (uint16_t i = 0; i < 100; i++) {
		bind(&t, true, i ? 14 : 11, i, (uint8_t)i);
		ack(&t, true, i ? 15 : 12, 0);
		talk_reap(&t);
	}
	assert_true(t.flow.app.events[0] & 2); /* too_many_interfaces */
	request(&t, true, 3, 99, "x");
	is_interface(&t, 0, 99);
	talk_end(&t);
}

static void test_bad_pdus(void **state)
{
	struct talk t;
	struct pdu b;

	talk_begin(&t, &ips_dcerpc_proto);
	begin(&b, true, 18, 3, 1); /* a cancelled call is no more than its header */
	send_it(&t, C2S, &b);
	assert_int_equal(t.flow.app.events[0], 0);
	request(&t, true, 3, 0, "x");
	talk_is(&t, 0, IPS_BUF_DCE_STUB_DATA, C2S, "x");
	begin(&b, true, 2, 3, 1); /* an answer from the client */
	send_it(&t, C2S, &b);
	assert_int_equal(t.flow.app.events[0], 1);
	assert_int_equal(t.flow.app.tx_made, 1);
	talk_end(&t);

	talk_begin(&t, &ips_dcerpc_proto);
	talk_bytes(&t, C2S, "\5\0\0\3\20\0\0\0\17\0\0\0\1\0\0\0", 16); /* shorter than its header */
	assert_int_equal(t.flow.app.events[0], 1);
	talk_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_refused_interface_is_not_called),
		cmocka_unit_test(test_binding_much_hides_nothing),
		cmocka_unit_test(test_bad_pdus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
