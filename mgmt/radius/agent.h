/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one process that speaks to switches: it knows their secrets, sends what the daemon asks it to
 * and asks the RADIUS server every few seconds whether it lives. Forked from mgmtd before rights
 * are given up; a socket pair with the framing of lib/ipc.h joins them.
 *
 * To it, REQUEST:
 *   {"op":"config","status":port}          the server's port on 127.0.0.1, 0: do not ask
 *   {"op":"send","id":n,"what":"disconnect"|"change","address","port","secret":name,
 *    "session":{mac,nas_ip,nas_port, and in hex caller,user,session,port_id,nas_id},
 *    "vlan","seconds"}
 * From it, EVENT:
 *   {"what":"result","id":n,"mac","result":"ack"|"nak"|"timeout"|"unreachable"|"no_secret"|"busy",
 *    "cause":number,"tries":n,"ms":n}
 *   {"what":"server","up":bool,"why":"" or "no answer" or "no secret"}      at every change
 */
#ifndef MG_RADIUS_AGENT_H
#define MG_RADIUS_AGENT_H

#include <jansson.h>

#include "mgmt/radius/coa.h"

/* Its whole life; returns the exit status. confine gives up rights once the secrets are read. */
int mg_radius_agent_main(int fd, const char *secrets_path, int (*confine)(void *arg), void *arg);

/* A session as the message has it, and back. Owned, NULL without memory; -EINVAL. */
json_t *mg_radius_agent_session(const struct mg_coa_session *s);
int mg_radius_agent_session_parse(const json_t *v, struct mg_coa_session *ret);

#endif
