/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that tells people: it takes what mgmtd hands it over a socket, limits and queues it,
 * and sends it by mail and webhook, again and again while the other side does not answer. mgmtd
 * itself never waits for a network.
 */
#ifndef MG_NOTIFY_H
#define MG_NOTIFY_H

/*
 * Requests (SK_IPC_REQUEST on fd): {"op": "config", …}, {"op": "alert", "event": …},
 * {"op": "blocklist", "event": …}, {"op": "expiry", "rows": …}, {"op": "test", "who": …}. It sends
 * SK_IPC_EVENT with its counters after each change. Ends with the socket. secrets: path or NULL;
 * read before confine() is called.
 */
int mg_notify_main(int fd, const char *secrets, int (*confine)(void *arg), void *arg);

#endif
