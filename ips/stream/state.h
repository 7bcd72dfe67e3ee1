/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TCP state machine, one function a state. Each judges a segment, moves the session and hands
 * accepted segments to tcp_segment(). They return 0, or -1 for a segment the receiver would not
 * accept.
 */
#ifndef IPS_STREAM_STATE_H
#define IPS_STREAM_STATE_H

#include "ips/stream/check.h"

int tcp_none(struct tcp_ctx *c); /* makes the session where there is to be one */
int tcp_syn_sent(struct tcp_ctx *c);
int tcp_syn_recv(struct tcp_ctx *c);
int tcp_established(struct tcp_ctx *c);
int tcp_fin_wait1(struct tcp_ctx *c);
int tcp_fin_wait2(struct tcp_ctx *c);
int tcp_closing(struct tcp_ctx *c);
int tcp_close_wait(struct tcp_ctx *c);
int tcp_last_ack(struct tcp_ctx *c);
int tcp_time_wait(struct tcp_ctx *c);

int tcp_fin(struct tcp_ctx *c); /* the first FIN */
int tcp_reset(struct tcp_ctx *c);

void tcp_set_state(struct tcp_ctx *c, enum tcp_state state);
/* An accepted segment: acknowledged data goes to the parsers, its own is taken. */
void tcp_segment(struct tcp_ctx *c);

struct ips_tcp *tcp_new(struct tcp_ctx *c); /* also sets c; NULL: no room */

/* ---- handshake packets kept for their answer (hello.c) ------------------------------------------
 */

void hello_of_syn(const struct tcp_ctx *c, struct hello *ret);
void hello_of_syn_ack(const struct tcp_ctx *c, struct hello *ret);
/* The SYN the session stands on joins the queue, if there is room; event when one had to leave. */
void hello_keep_syn(struct tcp_ctx *c);
/* 0, or -1: too many, with the event. */
int hello_keep_syn_ack(struct tcp_ctx *c);
/* The SYN that the SYN+ACK in c answers, or NULL. */
const struct hello *hello_answered_syn(const struct tcp_ctx *c);
/* The SYN+ACK that the ACK in c answers, or NULL. */
const struct hello *hello_answered_syn_ack(const struct tcp_ctx *c);
void hello_forget(struct ips_streams *s, struct ips_tcp *t);

#endif
