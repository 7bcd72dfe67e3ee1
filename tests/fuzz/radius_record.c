// SPDX-License-Identifier: GPL-2.0-or-later
/* A line of the RADIUS server's spool, its event, and the session as the agent is told of it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/radius/agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_event(const struct mg_radius_record *r)
{
	json_t *e = mg_radius_record_event(r, "switch", "device");
	char *text = json_dumps(e, JSON_COMPACT);

	/* Valid UTF-8, and no line breaks. */
	assert(e && text && !strpbrk(text, "\r\n"));
	free(text);
	json_decref(e);
}

static void check_session(const struct mg_radius_record *r)
{
	struct mg_coa_session s = {.caller = r->caller,
		.user = r->user,
		.session = r->session,
		.port_id = r->port_id,
		.nas_id = r->nas_id,
		.port = r->port};
	struct mg_coa_session back;
	json_t *v;

	memcpy(s.mac, r->mac, sizeof(s.mac));
	memcpy(s.nas_ip, r->nas_ip, sizeof(s.nas_ip));
	v = mg_radius_agent_session(&s);
	assert(v && mg_radius_agent_session_parse(v, &back) == 0);
	assert(back.user.n == s.user.n && memcmp(back.user.b, s.user.b, s.user.n) == 0);
	assert(strcmp(back.mac, s.mac) == 0 && back.port == s.port);
	json_decref(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mg_radius_record r;
	struct sk_err err = {0};

	if (mg_radius_record_parse((const char *)data, size, &r, &err) < 0) {
		assert(err.en[0]);
		return 0;
	}
	check_event(&r);
	check_session(&r);
	return 0;
}
