/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostapd's control sockets: datagrams of text, one for events, one on which a command is answered
 * before the next is sent. Never blocks.
 */
#ifndef NAC_DOT1X_CTRL_H
#define NAC_DOT1X_CTRL_H

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

struct nac_ctrl;

struct nac_ctrl_ops {
	void (*event)(const char *p, size_t n, void *arg);
	void (*lost)(void *arg); /* no answer in time, or the socket is gone; may free the ctrl */
};

/* Called with the answer; p NULL when it was lost. */
typedef void nac_ctrl_answer(const char *p, size_t n, void *arg);

/*
 * Connect to hostapd's socket in w->control; ours are bound in w->dir as PORT.cmd and PORT.evt.
 * -ENOENT, -ECONNREFUSED while hostapd is not ready.
 */
struct nac_ctrl_where {
	const char *dir, *control, *port;
	bool shared; /* hostapd is another user; dir keeps everybody else out */
};
int nac_ctrl_open(struct nac_ctrl **ret, sd_event *ev, const struct nac_ctrl_where *w,
	const struct nac_ctrl_ops *ops, void *arg);
void nac_ctrl_close(struct nac_ctrl *c);
/* Queue a command. fn may be NULL. -ENOBUFS: too many wait. */
int nac_ctrl_send(struct nac_ctrl *c, const char *cmd, nac_ctrl_answer *fn, void *arg);
size_t nac_ctrl_waiting(const struct nac_ctrl *c);

#endif
