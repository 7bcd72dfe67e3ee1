// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions in messages to the agent. See agent.h. */
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/radius/agent.h"

static void set_hex(json_t *v, const char *key, const struct mg_radius_bytes *b)
{
	char text[2 * sizeof(b->b) + 1];

	json_object_set_new(v, key, json_string(sk_hex(text, b->b, b->n)));
}

json_t *mg_radius_agent_session(const struct mg_coa_session *s)
{
	json_t *v = json_pack("{s:s, s:s, s:I}", "mac", s->mac, "nas_ip", s->nas_ip, "nas_port",
		(json_int_t)s->port);

	if (!v)
		return NULL;
	set_hex(v, "caller", &s->caller);
	set_hex(v, "user", &s->user);
	set_hex(v, "session", &s->session);
	set_hex(v, "port_id", &s->port_id);
	set_hex(v, "nas_id", &s->nas_id);
	return v;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int get_hex(const json_t *v, const char *key, struct mg_radius_bytes *ret)
{
	const char *s = json_string_value(json_object_get(v, key));
	size_t n = s ? strlen(s) : 0;

	if (n % 2 || n / 2 > sizeof(ret->b))
		return -EINVAL;
	for (size_t i = 0; i < n; i += 2) {
		int hi = digit(s[i]), lo = digit(s[i + 1]);

		if (hi < 0 || lo < 0)
			return -EINVAL;
		ret->b[i / 2] = (uint8_t)(hi << 4 | lo);
	}
	ret->n = (uint8_t)(n / 2);
	return 0;
}

int mg_radius_agent_session_parse(const json_t *v, struct mg_coa_session *ret)
{
	const char *mac = json_string_value(json_object_get(v, "mac"));
	const char *ip = json_string_value(json_object_get(v, "nas_ip"));
	const json_t *port = json_object_get(v, "nas_port");

	memset(ret, 0, sizeof(*ret));
	ret->port = port ? json_integer_value(port) : -1;
	if (mac && mac[0] && mg_radius_mac_parse(mac, strlen(mac), ret->mac) < 0)
		return -EINVAL;
	if (ip && strlen(ip) >= sizeof(ret->nas_ip))
		return -EINVAL;
	snprintf(ret->nas_ip, sizeof(ret->nas_ip), "%s", ip ? ip : "");
	if (get_hex(v, "caller", &ret->caller) < 0 || get_hex(v, "user", &ret->user) < 0 ||
		get_hex(v, "session", &ret->session) < 0 ||
		get_hex(v, "port_id", &ret->port_id) < 0 || get_hex(v, "nas_id", &ret->nas_id) < 0)
		return -EINVAL;
	return 0;
}
