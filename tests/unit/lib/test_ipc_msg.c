/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The message format without a socket: the exact bytes, every malformed header, the size limit to
 * the byte, and results as END bodies.
 */
#include "tests/unit/lib/unit.h"

#include "lib/ipc.h"
#include "lib/util.h"

static const uint8_t wire[] = {'S', 'K', 'I', 'P', 1, 1, 0, 0, 0x01, 0x02, 0x03, 0x04, 0, 0, 0, 7,
	'{', '"', 'a', '"', ':', '1', '}'};

static void exact_bytes(void **state)
{
	json_t *body = json_pack("{s:i}", "a", 1);
	struct sk_ipc_msg m;
	struct sk_buf b;

	sk_buf_init(&b, 1000);
	assert_int_equal(sk_ipc_encode(&b, SK_IPC_REQUEST, 0x01020304, body), 0);
	assert_int_equal(b.len, sizeof(wire));
	assert_memory_equal(b.data, wire, sizeof(wire));
	sk_buf_reset(&b);
	assert_int_equal(sk_ipc_encode_text(&b, SK_IPC_REQUEST, 0x01020304, "{\"a\":1}", 7), 0);
	assert_memory_equal(b.data, wire, sizeof(wire));

	assert_int_equal(sk_ipc_decode(wire, sizeof(wire), &m, NULL), 0);
	assert_int_equal(m.type, SK_IPC_REQUEST);
	assert_int_equal(m.id, 0x01020304);
	assert_int_equal(m.fd, -1);
	assert_true(json_equal(m.body, body));
	sk_ipc_msg_done(&m);
	sk_ipc_msg_done(&m);
	sk_ipc_msg_done(NULL);
	json_decref(body);
	sk_buf_done(&b);
}

static void assert_refused(const uint8_t *p, size_t n)
{
	struct sk_ipc_msg m = {.id = 99};
	struct sk_err e = {.code = 0};

	assert_int_equal(sk_ipc_decode(p, n, &m, &e), -EBADMSG);
	assert_int_equal(e.code, -EBADMSG);
	assert_true(e.en[0] && e.ja[0]);
	assert_int_equal(m.id, 99);
	assert_null(m.body);
}

static void malformed_is_refused(void **state)
{
	/* Offset and value, each breaking one rule of the header or the body. */
	static const uint8_t breaks[][2] = {{0, 's'}, {3, 0}, {4, 0}, {4, 2}, {5, 0}, {5, 6},
		{5, 255}, {6, 1}, {7, 1}, {12, 1}, {15, 6}, {15, 8}, {16, '['}, {21, 0}, {21, 0xff},
		{22, ' '}};
	uint8_t copy[sizeof(wire) + 1];

	for (size_t i = 0; i < SK_ARRAY_SIZE(breaks); i++) {
		memcpy(copy, wire, sizeof(wire));
		copy[breaks[i][0]] = breaks[i][1];
		assert_refused(copy, sizeof(wire));
	}
	for (size_t n = 0; n < sizeof(wire); n++) {
		uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, wire, n);
		assert_refused(cut, n);
		free(cut);
	}
	memcpy(copy, wire, sizeof(wire));
	copy[sizeof(wire)] = ' ';
	assert_refused(copy, sizeof(copy)); /* more than the header says */
}

static void body_must_be_a_strict_object(void **state)
{
	static const char *const bodies[] = {"[1]", "1", "null", "\"x\"", "", "{\"a\":1,\"a\":2}",
		"{\"a\":\"\\u0000\"}", "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}"};
	uint8_t msg[200];

	for (size_t i = 0; i < SK_ARRAY_SIZE(bodies); i++) {
		size_t len = strlen(bodies[i]);

		memcpy(msg, wire, SK_IPC_HEADER);
		msg[15] = (uint8_t)len;
		memcpy(msg + SK_IPC_HEADER, bodies[i], len);
		assert_refused(msg, SK_IPC_HEADER + len);
	}
}

static void size_limit_is_exact(void **state)
{
	const size_t room = SK_IPC_MAX - SK_IPC_HEADER - strlen("{\"a\":\"\"}");
	char *text = malloc(room + 2);
	struct sk_ipc_msg m;
	struct sk_buf b;
	json_t *body;

	memset(text, 'x', room + 1);
	text[room] = '\0';
	body = json_pack("{s:s}", "a", text);
	sk_buf_init(&b, 4 * SK_IPC_MAX);
	assert_int_equal(sk_ipc_encode(&b, SK_IPC_DATA, 1, body), 0);
	assert_int_equal(b.len, SK_IPC_MAX);
	assert_int_equal(sk_ipc_decode(b.data, b.len, &m, NULL), 0);
	sk_ipc_msg_done(&m);
	json_decref(body);

	text[room] = 'x';
	text[room + 1] = '\0';
	body = json_pack("{s:s}", "a", text);
	/* Refused without harm to what is already in the buffer. */
	assert_int_equal(sk_ipc_encode(&b, SK_IPC_DATA, 1, body), -EMSGSIZE);
	assert_int_equal(b.len, SK_IPC_MAX);
	assert_int_equal(sk_buf_error(&b), 0);
	json_decref(body);

	free(text);
	text = malloc(SK_IPC_MAX);
	memset(text, ' ', SK_IPC_MAX);
	text[0] = '{';
	text[SK_IPC_MAX - SK_IPC_HEADER - 1] = '}';
	sk_buf_reset(&b);
	assert_int_equal(
		sk_ipc_encode_text(&b, SK_IPC_DATA, 1, text, SK_IPC_MAX - SK_IPC_HEADER), 0);
	text[SK_IPC_MAX - SK_IPC_HEADER] = '}';
	assert_int_equal(
		sk_ipc_encode_text(&b, SK_IPC_DATA, 1, text, SK_IPC_MAX - SK_IPC_HEADER + 1),
		-EMSGSIZE);
	sk_buf_done(&b);
	free(text);
}

static void encode_refuses_what_is_no_object(void **state)
{
	json_t *array = json_array();
	struct sk_buf b, tiny;

	sk_buf_init(&b, 1000);
	assert_int_equal(sk_ipc_encode(&b, SK_IPC_END, 1, NULL), -EINVAL);
	assert_int_equal(sk_ipc_encode(&b, SK_IPC_END, 1, array), -EINVAL);
	assert_int_equal(sk_ipc_encode_text(&b, SK_IPC_END, 1, "[]", 2), -EINVAL);
	assert_int_equal(sk_ipc_encode_text(&b, SK_IPC_END, 1, "{", 1), -EINVAL);
	assert_int_equal(sk_ipc_encode_text(&b, SK_IPC_END, 1, "", 0), -EINVAL);
	assert_int_equal(b.len, 0);
	sk_buf_init(&tiny, 17);
	assert_int_equal(sk_ipc_encode_text(&tiny, SK_IPC_END, 1, "{}", 2), -EMSGSIZE);
	assert_int_equal(tiny.len, 0);
	json_decref(array);
	sk_buf_done(&tiny);
	sk_buf_done(&b);
}

static void results_travel(void **state)
{
	struct sk_err e, back = {.code = 0};
	json_t *body;

	sk_err_set(&e, -EEXIST, "zones[2].name", "is taken", "は既に使われています");
	body = sk_ipc_end_body(-EEXIST, &e, json_pack("{s:i}", "ignored", 1));
	assert_null(json_object_get(body, "ignored"));
	assert_int_equal(sk_ipc_end_code(body, &back), -EEXIST);
	assert_string_equal(back.path, e.path);
	assert_string_equal(back.en, e.en);
	assert_string_equal(back.ja, e.ja);
	json_decref(body);

	body = sk_ipc_end_body(0, NULL, json_pack("{s:i, s:i}", "generation", 7, "code", -1));
	assert_int_equal(sk_ipc_end_code(body, &back), 0);
	assert_int_equal(json_integer_value(json_object_get(body, "generation")), 7);
	json_decref(body);

	/* An error nobody explained is explained by its number; broken text is made whole. */
	body = sk_ipc_end_body(-ENOENT, NULL, NULL);
	assert_int_equal(sk_ipc_end_code(body, &back), -ENOENT);
	assert_string_equal(back.en, "No such file or directory");
	assert_string_equal(back.ja, "");
	json_decref(body);
	sk_err_en(&e, -EIO, NULL, "file \xff gone");
	body = sk_ipc_end_body(-EIO, &e, NULL);
	assert_int_equal(sk_ipc_end_code(body, &back), -EIO);
	assert_string_equal(back.en, "file \\xff gone");
	json_decref(body);
}

static void strange_results_are_errors(void **state)
{
	static const char *const bodies[] = {"{}", "{\"code\":1}", "{\"code\":\"0\"}",
		"{\"code\":-5000}", "{\"code\":-4294967296}", "{\"code\":-5,\"en\":1}",
		"{\"code\":-5,\"path\":[]}"};
	struct sk_err e;

	for (size_t i = 0; i < SK_ARRAY_SIZE(bodies); i++) {
		json_t *body = json_loads(bodies[i], 0, NULL);

		assert_int_equal(sk_ipc_end_code(body, &e), -EBADMSG);
		json_decref(body);
	}
}

static int allocations, fail_at;

static void *failing_malloc(size_t n)
{
	return ++allocations >= fail_at ? NULL : malloc(n);
}

static void no_memory_is_no_half_result(void **state)
{
	struct sk_err e;
	json_t *body = NULL;
	struct sk_ipc_msg m = {.body = NULL};
	int tries = 0;

	sk_err_set(&e, -EEXIST, "name", "is taken", "は既に使われています");
	json_set_alloc_funcs(failing_malloc, free);
	for (fail_at = 1; !body; fail_at++, tries++) {
		allocations = 0;
		body = sk_ipc_end_body(-EEXIST, &e, NULL);
	}
	assert_int_equal(json_object_size(body), 4);
	json_decref(body);
	body = NULL;
	for (fail_at = 1; !body; fail_at++, tries++) {
		allocations = 0;
		body = sk_ipc_end_body(0, NULL, json_pack("{s:i}", "rows", 3));
		if (body && json_object_size(body) == 1) { /* the caller's own part was lost */
			json_decref(body);
			body = NULL;
		}
	}
	json_decref(body);
	for (fail_at = 1; !m.body; fail_at++, tries++) {
		allocations = 0;
		sk_ipc_decode(wire, sizeof(wire), &m, NULL);
	}
	sk_ipc_msg_done(&m);
	json_set_alloc_funcs(malloc, free);
	assert_true(tries > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_bytes),
		cmocka_unit_test(malformed_is_refused),
		cmocka_unit_test(body_must_be_a_strict_object),
		cmocka_unit_test(size_limit_is_exact),
		cmocka_unit_test(encode_refuses_what_is_no_object),
		cmocka_unit_test(results_travel),
		cmocka_unit_test(strange_results_are_errors),
		cmocka_unit_test(no_memory_is_no_half_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
