// SPDX-License-Identifier: GPL-2.0-or-later
/* The fields of a device as people type them, and lists of devices from a spreadsheet. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/util.h"
#include "mgmt/devices/csv.h"

static void becomes(enum mg_device_field f, const char *typed, const char *kept)
{
	struct mg_device_info d = {0};
	struct sk_err err = {0};

	assert_int_equal(mg_device_set(&d, f, typed, &err), 0);
	assert_string_equal(mg_device_get(&d, f), kept);
	/* What is kept is kept when it is typed again. */
	assert_int_equal(mg_device_set(&d, f, kept, &err), 0);
	assert_string_equal(mg_device_get(&d, f), kept);
}

static void refused(enum mg_device_field f, const char *typed)
{
	struct mg_device_info d = {0}, before = d;
	struct sk_err err = {0};

	assert_int_equal(mg_device_set(&d, f, typed, &err), -EINVAL);
	assert_string_equal(err.path, mg_device_field_name(f));
	assert_true(err.en[0] && err.ja[0]);
	assert_memory_equal(&d, &before, sizeof(d));
}

static void fields(void **state)
{
	becomes(MG_DEV_MAC, "00-1B-21-0A-0B-0C", "00:1b:21:0a:0b:0c");
	becomes(MG_DEV_MAC, "001b.210a.0b0c; 001B210A0B0D\n00:1b:21:0a:0b:0c",
		"00:1b:21:0a:0b:0c,00:1b:21:0a:0b:0d");
	becomes(MG_DEV_MAC, "００：１Ｂ：２１：０Ａ：０Ｂ：０Ｃ", "00:1b:21:0a:0b:0c");
	becomes(MG_DEV_MAC, "", "");
	refused(MG_DEV_MAC, "00:1b:21");
	refused(MG_DEV_MAC, "ff:ff:ff:ff:ff:ff");
	refused(MG_DEV_MAC, "00:00:00:00:00:00");
	becomes(MG_DEV_KIND, "複合機", "printer");
	becomes(MG_DEV_KIND, "サーバー", "server");
	becomes(MG_DEV_KIND, "PLC", "plc");
	refused(MG_DEV_KIND, "toaster");
	becomes(MG_DEV_METHOD, "802.1X, MACアドレス", "dot1x,mac");
	refused(MG_DEV_METHOD, "none");
	becomes(MG_DEV_IDENTITY, "host/pc-001、tanaka", "host/pc-001,tanaka");
	refused(MG_DEV_IDENTITY, "pc\"001");
	refused(MG_DEV_IDENTITY, "pc\\001");
	refused(MG_DEV_IDENTITY, "田中");
	becomes(MG_DEV_PORTS, "lan1 lan2", "lan1,lan2");
	becomes(MG_DEV_PORTS, "any", "");
	refused(MG_DEV_PORTS, "a-name-longer-than-an-interface");
	becomes(MG_DEV_VLAN, "20", "20");
	becomes(MG_DEV_VLAN, "office", "office");
	refused(MG_DEV_VLAN, "4095");
	refused(MG_DEV_VLAN, "0");
	becomes(MG_DEV_INFRASTRUCTURE, "○", "yes");
	becomes(MG_DEV_INFRASTRUCTURE, "", "no");
	becomes(MG_DEV_NAME, "  プリンター 2F ", "プリンター 2F");
	refused(MG_DEV_NAME, "two\nlines");
	refused(MG_DEV_NAME, "\xff\xfe");
}

static void together(void **state)
{
	struct mg_device_info d = {0};
	struct sk_err err = {0};

	assert_int_equal(mg_device_check(&d, &err), -EINVAL);
	mg_device_set(&d, MG_DEV_NAME, "pc", NULL);
	assert_int_equal(mg_device_check(&d, &err), -EINVAL);
	assert_string_equal(err.path, "owner");
	mg_device_set(&d, MG_DEV_OWNER, "tanaka", NULL);
	mg_device_defaults(&d);
	assert_string_equal(d.method, "mac");
	assert_string_equal(d.kind, "other");
	assert_int_equal(mg_device_check(&d, &err), -EINVAL);
	assert_string_equal(err.path, "mac");
	mg_device_set(&d, MG_DEV_MAC, "da:a1:19:00:00:01", NULL);
	assert_int_equal(mg_device_check(&d, &err), 0);
	assert_true(mg_device_randomised(&d));
	mg_device_set(&d, MG_DEV_METHOD, "dot1x", NULL);
	assert_int_equal(mg_device_check(&d, &err), -EINVAL);
	assert_string_equal(err.path, "identity");
}

static void lists(void **state)
{
	static const char text[] =
		"\xef\xbb\xbf番号,端末名,MACアドレス,種別,管理者,利用用途,有効期限,"
		"状態\r\n,複合機,00-1b-21-0a-0b-0c,複合機,営業,\"印刷, "
		"コピー\",2027年3月31日,承認待ち\r\n\r\n1042,pc,00:1b:21,PC,x,y,,\r\n";
	struct mg_device_lines l;
	struct sk_err err = {0};

	assert_int_equal(mg_device_csv_read(text, sizeof(text) - 1, &l, &err), 0);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.v[0].err.code, 0);
	assert_int_equal(l.v[0].number, 0);
	assert_string_equal(l.v[0].info.kind, "printer");
	assert_string_equal(l.v[0].purpose, "印刷, コピー");
	assert_true(l.v[0].expiry > 0);
	assert_true(l.v[0].has & 1u << MG_DEV_MAC);
	assert_false(l.v[0].has & 1u << MG_DEV_VLAN);
	/* A faulty line is told with its number and field. */
	assert_int_equal(l.v[1].err.code, -EINVAL);
	assert_string_equal(l.v[1].err.path, "mac");
	assert_int_equal(l.v[1].line, 4);
	mg_device_lines_done(&l);
}

static void no_lists(void **state)
{
	static const char *const bad[] = {
		"", "端末名,色\na,b\n", "端末名,端末名\na,b\n", "種別,管理者\nPC,x\n"};
	struct mg_device_lines l;
	struct sk_err err;

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		err = (struct sk_err){0};
		assert_true(mg_device_csv_read(bad[i], strlen(bad[i]), &l, &err) < 0);
		assert_true(err.en[0] && err.ja[0]);
	}
}

/* "端末名,MACアドレス" and "プリンタ" as a Japanese Excel writes them. */
static void shift_jis(void **state)
{
	static const char text[] =
		"\x92\x5b\x96\x96\x96\xbc,MAC\x83\x41\x83\x68\x83\x8c\x83\x58\r\n"
		"\x83\x76\x83\x8a\x83\x93\x83\x5e,001b210a0b0c\r\n";
	struct mg_device_lines l;
	struct sk_err err = {0};

	assert_int_equal(mg_device_csv_read(text, sizeof(text) - 1, &l, &err), 0);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].info.name, "プリンタ");
	assert_string_equal(l.v[0].info.mac, "00:1b:21:0a:0b:0c");
	mg_device_lines_done(&l);
}

static void there_and_back(void **state)
{
	struct mg_device_info d = {0};
	struct mg_device_csv_row row = {.number = 1050,
		.info = &d,
		.purpose = "=1+1",
		.applicant = "suzuki",
		.approver = "sato",
		.state = "許可",
		.registered = 1790000000,
		.expiry = 1800000000};

	mg_device_set(&d, MG_DEV_NAME, "-formula", NULL);
	mg_device_set(&d, MG_DEV_MAC, "00:1b:21:0a:0b:0c,00:1b:21:0a:0b:0d", NULL);
	mg_device_set(&d, MG_DEV_OWNER, "営業 \"一郎\"", NULL);
	mg_device_defaults(&d);
	for (int lang = SK_EN; lang <= SK_JA; lang++) {
		struct mg_device_lines l;
		struct sk_buf b;

		sk_buf_init(&b, 65536);
		mg_device_csv_header(&b, lang);
		mg_device_csv_put(&b, &row);
		assert_null(strstr(sk_buf_str(&b), ",=1+1"));
		assert_int_equal(mg_device_csv_read(b.data, b.len, &l, NULL), 0);
		assert_int_equal(l.n, 1);
		assert_int_equal(l.v[0].err.code, 0);
		assert_int_equal(l.v[0].number, 1050);
		assert_true(mg_device_same(&l.v[0].info, &d));
		assert_string_equal(l.v[0].purpose, "=1+1");
		mg_device_lines_done(&l);
		sk_buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(together),
		cmocka_unit_test(lists),
		cmocka_unit_test(no_lists),
		cmocka_unit_test(shift_jis),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
