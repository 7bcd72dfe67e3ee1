/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mail as rules see it: senders, recipients, attachments; and what clients do to hide them. */
#include "tests/unit/ips-http/talk.h"

#include "lib/util.h"

#define MIXED                                                                                      \
	"From: <a@example.com>\r\nSubject: x\r\n"                                                  \
	"Content-Type: multipart/mixed;\r\n boundary=\"xx\"\r\n\r\n"
#define PART "--xx\r\nContent-Disposition: attachment; filename="

static void greet(struct talk *t)
{
	talk_server(t, "220 mx ESMTP\r\n");
	talk_client(t, "EHLO me\r\n");
	talk_server(t, "250-mx\r\n250 PIPELINING\r\n");
}

static void begin_mail(struct talk *t)
{
	talk_client(t, "MAIL FROM:<a@example.com> SIZE=99\r\n");
	talk_server(t, "250 ok\r\n");
	talk_client(t, "RCPT TO: <b@example.com>\r\n");
	talk_server(t, "250 ok\r\n");
	talk_client(t, "DATA\r\n");
	talk_server(t, "354 go\r\n");
}

static void whole_mail(size_t cut)
{
	struct talk t;

	talk_begin(&t, &ips_smtp_proto);
	t.cut = cut;
	greet(&t);
	begin_mail(&t);
	talk_client(&t,
		MIXED PART "\"a.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
			   "aGVsbG8g\r\nd29ybGQ=\r\n" PART
			   "b.txt\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
			   "a=3Db=\r\nc\r\n" PART "c.txt\r\n\r\n..one\r\ntwo\r\n--xx--\r\n");
	assert_false(talk_tx(&t, 0)->complete[C2S]);
	talk_client(&t, ".\r\n");
	assert_true(talk_tx(&t, 0)->complete[C2S]);
	talk_is(&t, 0, IPS_BUF_SMTP_HELO, C2S, "me");
	talk_is(&t, 0, IPS_BUF_SMTP_MAIL_FROM, C2S, "<a@example.com>");
	talk_is(&t, 0, IPS_BUF_SMTP_RCPT_TO, C2S, "<b@example.com>");
	talk_is_at(&t, 0, IPS_BUF_FILE_NAME, C2S, 0, "a.bin");
	talk_is_at(&t, 0, IPS_BUF_FILE_DATA, C2S, 0, "hello world");
	talk_is_at(&t, 0, IPS_BUF_FILE_NAME, C2S, 1, "b.txt");
	talk_is_at(&t, 0, IPS_BUF_FILE_DATA, C2S, 1, "a=bc\r\n");
	talk_is_at(&t, 0, IPS_BUF_FILE_DATA, C2S, 2, ".one\r\ntwo");
	assert_int_equal(talk_events(&t, 0), 0);
	talk_client(&t, "QUIT\r\n"); /* sent along: none of its own */
	talk_server(&t, "250 queued\r\n221 bye\r\n");
	assert_int_equal(t.flow.app.tx_made, 1);
	talk_end(&t);
}

static void test_mail(void **state)
{
	static const size_t cuts[] = {0, 1, 2, 7, 64};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cuts); i++)
		whole_mail(cuts[i]);
}

/* All in one go, the second mail before any reply. */
static void test_pipelined_mails_are_two(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_smtp_proto);
	greet(&t);
	talk_client(&t,
		"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n" MIXED PART
		"one\r\n\r\nfirst\r\n--xx--\r\n.\r\n"
		"MAIL FROM:<c@x>\r\nRCPT TO:<d@x>\r\nDATA\r\n" MIXED PART
		"two\r\n\r\nsecond\r\n--xx--\r\n.\r\n");
	talk_server(&t,
		"250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"
		"250 ok\r\n");
	talk_is(&t, 0, IPS_BUF_SMTP_MAIL_FROM, C2S, "<a@x>");
	talk_is(&t, 0, IPS_BUF_FILE_DATA, C2S, "first");
	talk_is(&t, 1, IPS_BUF_SMTP_MAIL_FROM, C2S, "<c@x>");
	talk_is(&t, 1, IPS_BUF_FILE_DATA, C2S, "second");
	/* The late 354 must not make a mail of what follows. */
	talk_client(&t, "MAIL FROM:<e@x>\r\n");
	talk_is(&t, 2, IPS_BUF_SMTP_MAIL_FROM, C2S, "<e@x>");
	talk_end(&t);
}

static void test_refused_data_is_no_mail(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_smtp_proto);
	greet(&t);
	talk_client(&t, "DATA\r\nNOOP\r\n");
	talk_server(&t, "503 no\r\n250 ok\r\n");
	assert_true(talk_event(&t, 0, "data_command_rejected"));
	talk_client(&t, "MAIL FROM:<late@x>\r\n");
	talk_is(&t, 0, IPS_BUF_SMTP_MAIL_FROM, C2S, "<late@x>");
	talk_end(&t);
}

/* A line longer than is kept, whose rest looks like the mail's end. */
static void test_endless_line_hides_nothing(void **state)
{
	char line[4096];
	struct talk t;

	memset(line, 'x', sizeof(line));
	talk_begin(&t, &ips_smtp_proto);
	greet(&t);
	begin_mail(&t);
	talk_client(&t, MIXED);
	talk_bytes(&t, C2S, line, sizeof(line));
	talk_client(&t, ".\r\n" PART "evil\r\n\r\nevil\r\n--xx--\r\n.\r\n");
	talk_is(&t, 0, IPS_BUF_FILE_NAME, C2S, "evil");
	talk_is(&t, 0, IPS_BUF_FILE_DATA, C2S, "evil");
	talk_end(&t);
}

static void test_endless_command_is_one(void **state)
{
	char line[4096];
	struct talk t;

	memset(line, 'x', sizeof(line));
	talk_begin(&t, &ips_smtp_proto);
	greet(&t);
	talk_bytes(&t, C2S, line, sizeof(line));
	talk_client(&t, "DATA\r\nMAIL FROM:<a@x>\r\n");
	talk_server(&t, "500 what\r\n250 ok\r\n");
	assert_true(talk_event(&t, 0, "max_command_line_len_exceeded"));
	assert_false(talk_event(&t, 0, "unable_to_match_reply_with_request"));
	talk_is(&t, 0, IPS_BUF_SMTP_MAIL_FROM, C2S, "<a@x>");
	talk_end(&t);
}

/* RFC 3030: chunks end anywhere, in the middle of lines and of boundaries. */
static void test_chunks(void **state)
{
	static const char mail[] = MIXED PART "f\r\n\r\nchunked text\r\nend\r\n--xx--\r\n";
	size_t n = strlen(mail);
	struct talk t;
	char line[32];

	for (size_t cut = 1; cut < n; cut++) {
		talk_begin(&t, &ips_smtp_proto);
		greet(&t);
		talk_client(&t, "MAIL FROM:<a@x>\r\n");
		snprintf(line, sizeof(line), "BDAT %zu\r\n", cut);
		talk_client(&t, line);
		t.cut = 5;
		talk_bytes(&t, C2S, mail, cut);
		snprintf(line, sizeof(line), "BDAT %zu LAST\r\n", n - cut);
		talk_client(&t, line);
		talk_bytes(&t, C2S, mail + cut, n - cut);
		talk_is(&t, 0, IPS_BUF_FILE_DATA, C2S, "chunked text\r\nend");
		talk_client(&t, "MAIL FROM:<b@x>\r\n");
		talk_is(&t, 1, IPS_BUF_SMTP_MAIL_FROM, C2S, "<b@x>");
		talk_end(&t);
	}
}

static void test_impossible_chunk(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_smtp_proto);
	greet(&t);
	talk_client(&t, "BDAT 99999999999999\r\nMAIL FROM:<a@x>\r\n");
	assert_true(talk_event(&t, 0, "bdat_chunk_len_exceeded"));
	talk_is(&t, 0, IPS_BUF_SMTP_MAIL_FROM, C2S, "<a@x>");
	talk_end(&t);
}

static void test_forwarded_mail_is_looked_into(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_smtp_proto);
	greet(&t);
	begin_mail(&t);
	talk_client(&t,
		MIXED "--xx\r\nContent-Type: message/rfc822\r\n\r\n"
		      "Subject: inner\r\nContent-Type: multipart/mixed; boundary=yy\r\n\r\n"
		      "--yy\r\nContent-Type: x/y; name=\"in.doc\"\r\n\r\ninner\r\n--yy--\r\n"
		      "--xx\r\nContent-Disposition: attachment; filename*0=\"split\"\r\n\r\n"
		      "after\r\n--xx--\r\n.\r\n");
	talk_is_at(&t, 0, IPS_BUF_FILE_NAME, C2S, 0, "in.doc");
	talk_is_at(&t, 0, IPS_BUF_FILE_DATA, C2S, 0, "inner");
	talk_is_at(&t, 0, IPS_BUF_FILE_NAME, C2S, 1, "split");
	talk_is_at(&t, 0, IPS_BUF_FILE_DATA, C2S, 1, "after");
	talk_end(&t);
}

static void test_second_sender_is_seen(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_smtp_proto);
	greet(&t);
	talk_client(&t, "MAIL FROM:<a@x>\r\n");
	talk_server(&t, "550 no\r\n");
	talk_client(&t, "MAIL FROM:<b@x>\r\n");
	assert_true(talk_event(&t, 0, "duplicate_fields"));
	talk_is(&t, 0, IPS_BUF_SMTP_MAIL_FROM, C2S, "<a@x>");
	talk_is(&t, 1, IPS_BUF_SMTP_MAIL_FROM, C2S, "<b@x>");
	talk_is(&t, 1, IPS_BUF_SMTP_HELO, C2S, "me");
	talk_end(&t);
}

static void test_recipients_are_bounded(void **state)
{
	char line[32];
	struct talk t;

	talk_begin(&t, &ips_smtp_proto);
	greet(&t);
	for (unsigned i = 0; i < 128; i++) {
		snprintf(line, sizeof(line), "RCPT TO:<%u@x>\r\n", i);
		talk_client(&t, line);
		talk_server(&t, "250 ok\r\n");
	}
	talk_is_at(&t, 0, IPS_BUF_SMTP_RCPT_TO, C2S, 127, "<127@x>");
	assert_int_equal(talk_events(&t, 0), 0);
	talk_client(&t, "RCPT TO:<more@x>\r\n");
	assert_true(talk_event(&t, 0, "too_many_recipients"));
	talk_end(&t);
}

static void test_starttls_leaves_the_rest(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_smtp_proto);
	greet(&t);
	talk_client(&t, "STARTTLS\r\n");
	talk_server(&t, "220 go\r\nrest");
	assert_true(t.flow.app.flags & IPS_APP_CHANGED);
	assert_int_equal(t.flow.app.expected, IPS_P_TLS);
	assert_int_equal(t.flow.app.left, 4);
	talk_end(&t);
}

/* The mail's end is lost: the server's reply tells that it is over. */
static void test_gap(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_smtp_proto);
	greet(&t);
	begin_mail(&t);
	talk_client(&t, MIXED PART "f\r\n\r\nbefore\r\n");
	t.proto->data(&t.flow.app, &t.ctx, C2S, NULL, 100, false);
	talk_server(&t, "250 queued\r\n");
	talk_is(&t, 0, IPS_BUF_FILE_DATA, C2S, "before");
	talk_client(&t, "MAIL FROM:<b@x>\r\n");
	talk_is(&t, 1, IPS_BUF_SMTP_MAIL_FROM, C2S, "<b@x>");
	talk_end(&t);
}

static void test_replies(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_smtp_proto);
	talk_client(&t, "EHLO early\r\n");
	assert_true(talk_event(&t, 0, "no_server_welcome_message"));
	talk_server(&t, "220 hi\r\n250 ok\r\n");
	talk_server(&t, "nonsense\r\n");
	assert_true(talk_event(&t, 0, "invalid_reply"));
	talk_server(&t, "250 what for\r\n");
	assert_true(talk_event(&t, 0, "unable_to_match_reply_with_request"));
	talk_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail),
		cmocka_unit_test(test_pipelined_mails_are_two),
		cmocka_unit_test(test_refused_data_is_no_mail),
		cmocka_unit_test(test_endless_line_hides_nothing),
		cmocka_unit_test(test_endless_command_is_one),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_impossible_chunk),
		cmocka_unit_test(test_forwarded_mail_is_looked_into),
		cmocka_unit_test(test_second_sender_is_seen),
		cmocka_unit_test(test_recipients_are_bounded),
		cmocka_unit_test(test_starttls_leaves_the_rest),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
