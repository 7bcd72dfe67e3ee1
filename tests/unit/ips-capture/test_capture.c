/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capture files: formats, byte orders, units of time, cut-off files, folders; writing and reading.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ips/capture/capture.h"
#include "ips/packet/pcapbuf.h"
#include "tests/unit/lib/unit.h"

static char dir[64];

static int setup(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/test-ips-capture-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

static const char *file(const char *name, const void *p, size_t n)
{
	static char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), (ssize_t)n);
	close(fd);
	return path;
}

static void expect(struct ips_capture *c, uint64_t ts_us, const char *data)
{
	struct sk_err err = {.code = 0};
	struct ips_view v;
	uint64_t ts;

	assert_int_equal(ips_capture_next(c, &v, &ts, &err), 1);
	assert_int_equal(ts, ts_us);
	assert_int_equal(v.len, strlen(data));
	assert_memory_equal(v.data, data, v.len);
}

static void expect_end(struct ips_capture *c)
{
	struct sk_err err = {.code = 0};
	struct ips_view v;
	uint64_t ts;

	assert_int_equal(ips_capture_next(c, &v, &ts, &err), 0);
	assert_int_equal(ips_capture_next(c, &v, &ts, &err), 0);
	assert_int_equal(err.code, 0);
	ips_capture_close(c);
}

static struct ips_capture *opened(const char *path, enum ips_link link)
{
	struct sk_err err = {.code = 0};
	struct ips_capture *c = NULL;

	assert_int_equal(ips_capture_open(&c, path, &err), 0);
	assert_int_equal(ips_capture_link(c), link);
	return c;
}

/* What ips_pcap_header and ips_pcap_record make is read back. */
static void test_own(void **state)
{
	static const enum ips_link links[] = {IPS_LINK_RAW, IPS_LINK_ETHERNET, IPS_LINK_NULL,
		IPS_LINK_PPP, IPS_LINK_SLL, IPS_LINK_SLL2};
	const uint64_t ts = 1764000000123456;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct ips_capture *c;
		struct sk_buf b;

		sk_buf_init(&b, 1000);
		ips_pcap_header(&b, links[i]);
		ips_pcap_record(&b, ts, (struct ips_view){(const uint8_t *)"first", 5}, 0);
		ips_pcap_record(
			&b, ts + 1000000, (struct ips_view){(const uint8_t *)"second", 6}, 0);
		c = opened(file("own", b.data, b.len), links[i]);
		expect(c, ts, "first");
		expect(c, ts + 1000000, "second");
		expect_end(c);
		sk_buf_done(&b);
	}
}

static const uint8_t big_endian[] = {0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 8, 0, 0, 0, 3, 0, 0, 0, 5, 'a', 'b', 'c'};
static const uint8_t nanoseconds[] = {0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0xff, 0xff, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0xff, 0xc9, 0x9a, 0x3b, 1, 0, 0, 0, 1, 0, 0, 0,
	'x'};

static void test_formats(void **state)
{
	struct ips_capture *c;

	c = opened(file("be", big_endian, sizeof(big_endian)), IPS_LINK_ETHERNET);
	expect(c, 9000008, "abc");
	expect_end(c);
	c = opened(file("ns", nanoseconds, sizeof(nanoseconds)), IPS_LINK_ETHERNET);
	expect(c, 9999999, "x"); /* 999999999 ns */
	expect_end(c);
}

/* Numbers of a pcapng file in either byte order. */
struct writer {
	uint8_t to[256];
	size_t n;
	bool big;
};

static void put(struct writer *w, uint32_t v, int bytes)
{
	for (int k = 0; k < bytes; k++)
		w->to[w->n++] = (uint8_t)(v >> 8 * (w->big ? bytes - 1 - k : k));
}

static void put_words(struct writer *w, const uint32_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(w, v[i], 4);
}

/* A section, an interface that counts nanoseconds, two packets. */
static void pcapng(struct writer *w)
{
	const uint32_t section[] = {0x0a0d0d0a, 28, 0x1a2b3c4d};

	put_words(w, section, 3);
	put(w, 1, 2);
	put(w, 0, 2);
	put_words(w, (const uint32_t[]){UINT32_MAX, UINT32_MAX, 28, 1, 32}, 5);
	put(w, 101, 2);
	put(w, 0, 2);
	put(w, 65535, 4);
	put(w, 9, 2); /* if_tsresol, one byte: 9 */
	put(w, 1, 2);
	put(w, 9, 1);
	put(w, 0, 3);
	put_words(w, (const uint32_t[]){0, 32}, 2);
	for (uint32_t i = 0; i < 2; i++) {
		uint64_t ns = 5000000000ull + i * 2000;

		put_words(w, (const uint32_t[]){6, 36, 0, (uint32_t)(ns >> 32), (uint32_t)ns, 4, 4},
			7);
		memcpy(w->to + w->n, i ? "two!" : "one!", 4);
		w->n += 4;
		put(w, 36, 4);
	}
}

static void test_pcapng(void **state)
{
	struct ips_capture *c;

	for (int big = 0; big < 2; big++) {
		struct writer w = {.big = big};

		pcapng(&w);
		c = opened(file("ng", w.to, w.n), IPS_LINK_RAW);
		expect(c, 5000000, "one!");
		expect(c, 5000002, "two!");
		expect_end(c);
	}
}

/* What is there is given, then one error that names the file and lasts. */
static void test_cut(void **state)
{
	struct sk_err err = {.code = 0};
	struct ips_capture *c;
	struct ips_view v;
	struct sk_buf b;
	uint64_t ts;

	sk_buf_init(&b, 1000);
	ips_pcap_header(&b, IPS_LINK_ETHERNET);
	ips_pcap_record(&b, 1, (struct ips_view){(const uint8_t *)"whole", 5}, 0);
	ips_pcap_record(&b, 2, (struct ips_view){(const uint8_t *)"cut off", 7}, 0);
	for (size_t cut = 1; cut < 7 + 16; cut++) {
		err.code = 0;
		c = opened(file("cut", b.data, b.len - cut), IPS_LINK_ETHERNET);
		expect(c, 1, "whole");
		assert_int_equal(ips_capture_next(c, &v, &ts, &err), -EBADMSG);
		assert_int_equal(err.code, -EBADMSG);
		assert_non_null(strstr(err.path, "cut"));
		assert_non_null(strstr(err.en, "after frame 1"));
		assert_int_equal(ips_capture_next(c, &v, &ts, &err), -EBADMSG);
		ips_capture_close(c);
	}
	sk_buf_done(&b);
}

static void test_not_a_capture(void **state)
{
	struct sk_err err = {.code = 0};
	struct ips_capture *c = NULL;

	assert_true(ips_capture_open(&c, file("text", "hello, world, and more\n", 23), &err) < 0);
	assert_null(c);
	assert_non_null(strstr(err.path, "text"));
	assert_true(ips_capture_open(&c, file("empty", "", 0), &err) < 0);
	assert_true(ips_capture_open(&c, "/nowhere/at/all.pcap", &err) < 0);
	ips_capture_close(NULL);
}

/* A link that is not read is told by the packets, not by an error. */
static void test_unknown_link(void **state)
{
	uint8_t other[sizeof(big_endian)];

	memcpy(other, big_endian, sizeof(other));
	other[23] = 105; /* 802.11 */
	ips_capture_close(opened(file("wifi", other, sizeof(other)), IPS_LINK_UNKNOWN));
}

static void names(const char *path, const char *want)
{
	struct sk_err err = {.code = 0};
	char got[1024] = "";
	char **list;
	size_t n;

	assert_int_equal(ips_capture_list(path, &list, &n, &err), 0);
	for (size_t i = 0; i < n; i++) {
		assert_memory_equal(list[i], dir, strlen(dir));
		strncat(got, list[i] + strlen(dir), sizeof(got) - strlen(got) - 2);
		strncat(got, " ", 2);
	}
	assert_string_equal(got, want);
	ips_capture_list_free(list, n);
}

static void test_list(void **state)
{
	struct sk_err err = {.code = 0};
	char path[128], **list;
	size_t n;

	file("b.pcap", "", 0);
	file("a.pcapng", "", 0);
	file("c.cap", "", 0);
	file("notes.txt", "", 0);
	file(".pcap", "", 0);
	snprintf(path, sizeof(path), "%s/sub", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	file("sub/d.pcap", "", 0);
	snprintf(path, sizeof(path), "%s/sub/loop.pcap", dir);
	assert_int_equal(symlink("..", path), 0);
	snprintf(path, sizeof(path), "%s/sub/gone.pcap", dir);
	assert_int_equal(symlink("/nowhere", path), 0);
	names(dir, "/a.pcapng /b.pcap /c.cap /sub/d.pcap ");
	snprintf(path, sizeof(path), "%s/notes.txt", dir);
	names(path, "/notes.txt ");
	snprintf(path, sizeof(path), "%s/none", dir);
	assert_int_equal(ips_capture_list(path, &list, &n, &err), -ENOENT);
	assert_non_null(strstr(err.path, "none"));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_own),
		T(test_formats),
		T(test_pcapng),
		T(test_cut),
		T(test_not_a_capture),
		T(test_unknown_link),
		T(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
