/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the client and the server side of lib/ipc.h share: one datagram in with its descriptor, and
 * socket buffers large enough for the largest message.
 */
#ifndef SK_IPC_WIRE_H
#define SK_IPC_WIRE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Receive one datagram (flags as for recvmsg) with at most one descriptor into *ret_fd (owned, -1
 * if none came). Its length; 0 when the peer closed; -EBADMSG when it was too long or carried more
 * than one descriptor (all are closed); -EAGAIN and others as recvmsg has them.
 */
ssize_t sk_ipc_read(int fd, void *p, size_t cap, int flags, int *ret_fd);

/* Both socket buffers: past the system's maximum where we may, else as much as it lets us. */
void sk_ipc_buffers(int fd);

#endif
