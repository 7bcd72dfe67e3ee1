/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files: read with a cap, replaced atomically and durably. */
#ifndef SK_FILE_H
#define SK_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/err.h"

/* Append path's content to b (whose max is the cap). 0, -ENOENT, -EFBIG… with a message. */
int sk_file_read(const char *path, struct sk_buf *b, struct sk_err *err);
int sk_fd_read(int fd, struct sk_buf *b, struct sk_err *err);

/*
 * Write to a temporary file beside path, fsync, rename over path, fsync the directory: after a
 * crash path holds the old or the new content, whole. On failure (disk full) path is untouched.
 */
int sk_file_replace(const char *path, const void *p, size_t n, mode_t mode, struct sk_err *err);

/*
 * All of it into the new file at path that is open at fd; on the disk when this returns, with its
 * name. Not atomic: for a path that nobody may lose (O_EXCL), where the file system has no link(2).
 */
int sk_file_put(int fd, const char *path, const void *p, size_t n, struct sk_err *err);

/* Unlink, durably; what is not there is no error. */
int sk_file_remove(const char *path, struct sk_err *err);

/* A sealed memfd (F_SEAL_WRITE|SHRINK|GROW|SEAL) with the bytes, or -errno. Caller closes. */
int sk_memfd(const char *name, const void *p, size_t n);
/* 0 if fd is a memfd sealed as above; a file another process can still change is -EPERM. */
int sk_memfd_check(int fd, struct sk_err *err);

int sk_mkdir_p(const char *path, mode_t mode, struct sk_err *err);

#endif
