// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where an answer file may be: what the service manager was handed (a systemd credential), or a
 * stick, disc or partition labelled SEKISHO. Its file system is mounted read-only, in the private
 * mount namespace of the unit, and only looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/gateway/box/box.h"

#define NAME "sekisho-answers.json"
#define LABEL "/dev/disk/by-label/SEKISHO"
#define MOUNT "/run/sekisho-answers"
/* A stick takes its time to appear. */
#define WAIT_STEPS 25
#define STEP_US 200000

/* No link of a stranger's file system is followed. */
static int read_plain(const char *path, struct sk_buf *buf, struct sk_err *err)
{
	_cleanup_(sk_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return sk_err_set(err, -errno, NULL, "%s cannot be read (%s)",
			"%s を読み取れません (%s)", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return sk_err_set(err, -EINVAL, NULL,
			"%s is no plain file: write the answers into one of that name",
			"%s は通常のファイルではありません。この名前の通常のファイルに応答を書いて"
			"ください",
			path);
	return sk_fd_read(fd, buf, err);
}

static int from_disk(struct sk_buf *buf, struct sk_err *err)
{
	static const char *const types[] = {"vfat", "iso9660", "ext4", "exfat", "udf"};
	int r = -ENODEV;

	for (int i = 0; access(LABEL, F_OK) < 0; i++) {
		if (i == WAIT_STEPS)
			return -ENOENT;
		usleep(STEP_US);
	}
	mkdir(MOUNT, 0700);
	for (size_t i = 0; i < SK_ARRAY_SIZE(types) && r < 0; i++)
		r = mount(LABEL, MOUNT, types[i],
			    MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW, NULL) < 0
			? -errno
			: 0;
	if (r < 0)
		return sk_err_set(err, r, NULL, "the volume SEKISHO cannot be read (%s)",
			"ボリューム SEKISHO を読み取れません (%s)", strerror(-r));
	r = read_plain(MOUNT "/" NAME, buf, err);
	umount2(MOUNT, MNT_DETACH);
	rmdir(MOUNT);
	return r;
}

int mg_box_answers(struct sk_buf *buf, char *where, size_t cap, struct sk_err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[512];
	int r = -ENOENT;

	if (dir) {
		snprintf(path, sizeof(path), "%.480s/sekisho.answers", dir);
		r = read_plain(path, buf, err);
		snprintf(where, cap, "credential sekisho.answers");
	}
	if (r == -ENOENT) {
		sk_buf_reset(buf);
		r = from_disk(buf, err);
		snprintf(where, cap, "volume SEKISHO");
	}
	return r;
}
