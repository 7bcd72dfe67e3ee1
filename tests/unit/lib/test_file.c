/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files replaced whole or not at all, also when the disk is full; reading with a cap; sealed
 * memory.
 */
#include "tests/unit/lib/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/util.h"

static char dir[64];

static int make_dir(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/sk-test-file-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static const char *in_dir(const char *name)
{
	static char path[2][256];
	static int turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static int entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void assert_content(const char *path, const char *want)
{
	struct sk_buf b;

	sk_buf_init(&b, 1 << 20);
	assert_int_equal(sk_file_read(path, &b, NULL), 0);
	assert_string_equal(sk_buf_str(&b), want);
	sk_buf_done(&b);
}

static void replaces_whole(void **state)
{
	const char *path = in_dir("policy.json");
	struct stat st;
	struct sk_err e;
	int old;

	umask(077);
	assert_int_equal(sk_file_replace(path, "one", 3, 0640, &e), 0);
	assert_content(path, "one");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640); /* whatever the umask */

	/* Who has the old file open keeps reading the old content. */
	old = open(path, O_RDONLY);
	assert_int_equal(sk_file_replace(path, "twotwo", 6, 0600, &e), 0);
	assert_content(path, "twotwo");
	char buf[8] = "";
	assert_int_equal(read(old, buf, sizeof(buf)), 3);
	assert_string_equal(buf, "one");
	close(old);

	assert_int_equal(sk_file_replace(path, "", 0, 0600, &e), 0);
	assert_content(path, "");
	assert_int_equal(entries(dir), 1); /* no temporary file stays */
}

static void removes(void **state)
{
	const char *path = in_dir("gone");
	struct sk_err e = {0};

	assert_int_equal(sk_file_replace(path, "x", 1, 0600, NULL), 0);
	assert_int_equal(sk_file_remove(path, &e), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(sk_file_remove(path, &e), 0);
	assert_int_equal(sk_file_remove(dir, &e), -EISDIR);
	assert_non_null(strstr(e.en, "cannot remove"));
}

static void replaces_relative_and_links(void **state)
{
	char cwd[256];
	struct stat st;

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(sk_file_replace("plain", "x", 1, 0600, NULL), 0);
	assert_content("plain", "x");
	assert_int_equal(symlink("plain", "link"), 0);
	/* The link itself is replaced, never what it points to. */
	assert_int_equal(sk_file_replace("link", "y", 1, 0600, NULL), 0);
	assert_content("plain", "x");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(chdir(cwd), 0);
}

static void failure_leaves_the_old(void **state)
{
	struct sk_err e;
	int before;

	assert_int_equal(sk_file_replace(in_dir("no/such/dir"), "x", 1, 0600, &e), -ENOENT);
	assert_non_null(strstr(e.en, "no/such/dir"));
	assert_true(e.ja[0]);
	/* rename() over a directory fails after the temporary file was written. */
	assert_int_equal(mkdir(in_dir("d"), 0700), 0);
	before = entries(dir);
	assert_true(sk_file_replace(in_dir("d"), "x", 1, 0600, &e) < 0);
	assert_int_equal(entries(dir), before);
}

static void full_disk_leaves_the_old(void **state)
{
	static char big[512 * 1024];
	struct sk_err e;
	char path[256];

	snprintf(path, sizeof(path), "%s", in_dir("small"));
	assert_int_equal(mkdir(path, 0700), 0);
	if (mount("tmpfs", path, "tmpfs", 0, "size=256k") < 0)
		skip(); /* needs root and the right to mount */
	snprintf(path, sizeof(path), "%s", in_dir("small/policy.json"));
	assert_int_equal(sk_file_replace(path, "good", 4, 0600, &e), 0);
	memset(big, 'x', sizeof(big));
	assert_int_equal(sk_file_replace(path, big, sizeof(big), 0600, &e), -ENOSPC);
	assert_non_null(strstr(e.en, "No space left"));
	assert_content(path, "good");
	assert_int_equal(entries(in_dir("small")), 1);
	assert_int_equal(sk_file_replace(path, "better", 6, 0600, &e), 0);
	assert_content(path, "better");
	assert_int_equal(umount(in_dir("small")), 0);
}

static void read_honours_the_cap(void **state)
{
	const char *path = in_dir("data");
	struct sk_err e;
	struct sk_buf b;

	assert_int_equal(sk_file_replace(path, "0123456789", 10, 0600, NULL), 0);
	sk_buf_init(&b, 10);
	assert_int_equal(sk_file_read(path, &b, &e), 0);
	assert_int_equal(b.len, 10);
	sk_buf_done(&b);

	sk_buf_init(&b, 12);
	sk_buf_puts(&b, "abc");
	assert_int_equal(sk_file_read(path, &b, &e), -EFBIG);
	assert_int_equal(e.code, -EFBIG);
	assert_string_equal(sk_buf_str(&b), "abc"); /* what was there stays */
	sk_buf_done(&b);

	/* A file without an end. */
	sk_buf_init(&b, 100000);
	assert_int_equal(sk_file_read("/dev/zero", &b, &e), -EFBIG);
	sk_buf_done(&b);
}

static void read_says_what_failed(void **state)
{
	struct sk_err e;
	struct sk_buf b;

	sk_buf_init(&b, 100);
	assert_int_equal(sk_file_read(in_dir("none"), &b, &e), -ENOENT);
	assert_non_null(strstr(e.en, "/none"));
	assert_int_equal(sk_file_read(dir, &b, &e), -EISDIR);
	assert_int_equal(sk_fd_read(-1, &b, &e), -EBADF);
	assert_int_equal(b.len, 0);
	sk_buf_done(&b);
}

static void sealed_memory(void **state)
{
	int fd = sk_memfd("document", "hello", 5), plain;
	struct sk_err e;
	struct sk_buf b;

	assert_true(fd >= 0);
	assert_int_equal(sk_memfd_check(fd, &e), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	sk_buf_init(&b, 5);
	assert_int_equal(sk_fd_read(fd, &b, &e), 0);
	assert_string_equal(sk_buf_str(&b), "hello");
	sk_buf_done(&b);
	/* The one who made it cannot change it either. */
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(ftruncate(fd, 100), -1);
	assert_ptr_equal(mmap(NULL, 5, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, 0), -1);
	close(fd);

	plain = memfd_create("plain", MFD_ALLOW_SEALING);
	assert_int_equal(sk_memfd_check(plain, &e), -EPERM);
	assert_int_equal(fcntl(plain, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK), 0);
	assert_int_equal(sk_memfd_check(plain, &e), -EPERM);
	close(plain);
	plain = open("/dev/null", O_RDONLY);
	assert_int_equal(sk_memfd_check(plain, &e), -EPERM);
	close(plain);
	assert_int_equal(sk_memfd_check(-1, &e), -EBADF);
	assert_true(e.ja[0]);
}

static void makes_directories(void **state)
{
	struct sk_err e;
	struct stat st;

	umask(022);
	assert_int_equal(sk_mkdir_p(in_dir("a/b/c"), 0750, &e), 0);
	assert_int_equal(stat(in_dir("a/b/c"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	assert_int_equal(sk_mkdir_p(in_dir("a/b/c"), 0750, &e), 0);
	assert_int_equal(sk_mkdir_p(in_dir("a//x/"), 0750, &e), 0);
	assert_int_equal(sk_file_replace(in_dir("f"), "", 0, 0600, NULL), 0);
	assert_int_equal(sk_mkdir_p(in_dir("f"), 0750, &e), -ENOTDIR);
	assert_int_equal(sk_mkdir_p(in_dir("f/g"), 0750, &e), -ENOTDIR);
	assert_int_equal(sk_mkdir_p("", 0750, &e), -EINVAL);
	assert_int_equal(sk_mkdir_p("/", 0750, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(replaces_whole, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(removes, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(replaces_relative_and_links, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(failure_leaves_the_old, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(full_disk_leaves_the_old, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(read_honours_the_cap, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(read_says_what_failed, make_dir, remove_dir),
		cmocka_unit_test(sealed_memory),
		cmocka_unit_test_setup_teardown(makes_directories, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
