// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file that comes with an answer. Keys are given away once: their file is there before they are
 * asked for, and it is on its disk before the gateway relies on it. It never takes the place of
 * another one, which may be the only key of earlier backups.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/util.h"
#include "mgmt/cli/cli.h"

#define KEY_MAX 8192
#define PATIENCE_MS 60000

static int no_file(const char *path, int code, struct sk_err *err)
{
	if (code == -EEXIST)
		return sk_err_set(err, code, path,
			"is there already and stays as it is: give the name of a new file; "
			"nothing was changed on the gateway",
			"は既に存在するため、上書きしません。新しいファイル名を指定してください。"
			"本装置には何も変更を加えていません");
	return sk_err_set(err, code, path,
		"cannot be made (%s): choose another place; nothing was changed on the gateway",
		"を作成できません (%s)。別の場所を指定してください。本装置には何も変更を加えてい"
		"ません",
		strerror(-code));
}

int cli_file_open(const struct cli_call *c, struct cli_file *ret, struct sk_err *err)
{
	*ret = (struct cli_file){.path = c->output, .once = c->once, .fd = -1};
	if (!ret->path || !ret->once)
		return 0;
	if (!strcmp(ret->path, "-"))
		return sk_err_set(err, -EINVAL, NULL,
			"it is given away once and goes into a file, not to standard output: "
			"name a new file",
			"一度しか出力しないため、標準出力には出力できません。新しいファイル名を指"
			"定してください");
	ret->fd = open(ret->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return ret->fd < 0 ? no_file(ret->path, -errno, err) : 0;
}

/* What can be had again goes wherever it is sent, a pipe included. */
static int write_over(struct cli_file *f, const void *p, size_t n)
{
	const int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int code = out && fwrite(p, 1, n, out) == n ? 0 : errno;

	if (out && fclose(out) == EOF && !code)
		code = errno;
	else if (!out && fd >= 0)
		close(fd);
	return code ? sk_err_set(&f->why, -EIO, NULL, "cannot write %s: %s",
			      "%s に書き込めません (%s)", f->path, strerror(code))
		    : 0;
}

int cli_file_take(struct cli_file *f, const void *p, size_t n)
{
	int r;

	if (!f->once) {
		r = write_over(f, p, n);
		f->whole = r == 0;
		return r;
	}
	r = f->fd < 0 || f->whole ? -EBADF : sk_file_put(f->fd, f->path, p, n, NULL);
	f->whole = f->whole || r == 0;
	return r == 0 ? 0
		      : sk_err_set(&f->why, -EIO, f->path,
				"cannot be written (%s): what was to be there is lost and good for "
				"nothing; make a new one",
				"に書き込めません "
				"(%s)。出力するはずだった内容は失われ、使えません。作り直してくださ"
				"い",
				strerror(-r));
}

void cli_file_done(struct cli_file *f)
{
	if (f->fd < 0)
		return;
	close(f->fd);
	f->fd = -1;
	if (!f->whole)
		unlink(f->path);
}

/* ---- the key of backups -----------------------------------------------------------------------
 */
/* As the disk has it, not as it was sent. */
static int read_back(const struct cli_file *f, struct sk_err *err)
{
	struct sk_buf b;
	int r;

	sk_buf_init(&b, KEY_MAX);
	posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED);
	r = lseek(f->fd, 0, SEEK_SET) < 0 ? sk_err_nomem(err) : sk_fd_read(f->fd, &b, err);
	if (r == 0) {
		r = sk_memfd("backup-key", sk_buf_str(&b), b.len);
		if (r < 0)
			sk_err_nomem(err);
	}
	if (b.data)
		sodium_memzero(b.data, b.cap);
	sk_buf_done(&b);
	return r;
}

static int show(json_t *body, void *arg)
{
	return cli_out_data(arg, body);
}

int cli_file_use_key(
	const struct cli_file *f, const struct cli_opts *o, struct cli_out *out, struct sk_err *err)
{
	_cleanup_(sk_closep) int key = -1, fd = -1;
	struct sk_err why = {0};
	int r;

	if (!f->whole)
		return sk_err_set(err, -EBADMSG, NULL, "no key came: the key of before is in force",
			"鍵が届きませんでした。以前の鍵が有効です");
	r = key = read_back(f, &why);
	if (r >= 0)
		r = fd = sk_ipc_connect(o->socket, &why);
	if (r >= 0)
		r = sk_ipc_call(fd, "backup.key.set", json_pack("{s:s}", "key", f->path), key,
			PATIENCE_MS, show, out, NULL, &why);
	if (r >= 0)
		return 0;
	return sk_err_set(err, r, NULL,
		"the new key is in %s, but the gateway did not say that it uses it (%s): see "
		"`sekisho backup key show`; `sekisho backup key set FILE` uses it",
		"新しい鍵は %s に書き込みましたが、本装置で有効になったことを確認できません (%s)。"
		"sekisho backup key show で確認し、sekisho backup key set ファイル で有効にしてく"
		"ださい",
		f->path, sk_err_text(&why, o->lang));
}
