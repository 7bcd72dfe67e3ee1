/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP/1 by content: a known method and a blank, or any request line with its version, to the
 * server; a status line to the client.
 */
#include <string.h>
#include <strings.h>

#include <netinet/in.h>

#include "ips/proto/protos.h"
#include "lib/util.h"

#define METHOD_MAX 24
#define LINE_MAX 8192

static const char *const methods[] = {"GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "DELETE",
	"TRACE", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK",
	"CHECKOUT", "UNCHECKOUT", "CHECKIN", "UPDATE", "LABEL", "REPORT", "MKWORKSPACE",
	"MKACTIVITY", "MERGE", "VERSION-CONTROL", "BASELINE-CONTROL"};

static enum ips_probe known_method(const uint8_t *data, uint32_t len)
{
	enum ips_probe ret = IPS_PROBE_NO;

	for (size_t i = 0; i < SK_ARRAY_SIZE(methods); i++) {
		size_t n = strlen(methods[i]);

		if (strncasecmp((const char *)data, methods[i], SK_MIN(n, (size_t)len)) != 0)
			continue;
		if (len <= n)
			ret = IPS_PROBE_MORE;
		else if (data[n] == ' ' || data[n] == '\t')
			return IPS_PROBE_YES;
	}
	return ret;
}

/* "TOKEN something HTTP/1.x" in one line. */
static enum ips_probe any_method(const uint8_t *data, uint32_t len)
{
	const uint8_t *eol;
	uint32_t n = 0;

	while (n < len && n < METHOD_MAX &&
		((data[n] >= 'A' && data[n] <= 'Z') || data[n] == '-' || data[n] == '_'))
		n++;
	if (n == len && n < METHOD_MAX)
		return IPS_PROBE_MORE;
	if (n == 0 || n == METHOD_MAX || data[n] != ' ')
		return IPS_PROBE_NO;
	eol = memchr(data, '\n', SK_MIN(len, (uint32_t)LINE_MAX));
	if (!eol)
		return len < LINE_MAX ? IPS_PROBE_MORE : IPS_PROBE_NO;
	if (eol > data && eol[-1] == '\r')
		eol--;
	if ((size_t)(eol - data) < n + 10)
		return IPS_PROBE_NO;
	return memcmp(eol - 9, " HTTP/1.", 8) == 0 && (eol[-1] == '0' || eol[-1] == '1')
		? IPS_PROBE_YES
		: IPS_PROBE_NO;
}

static enum ips_probe request(const uint8_t *data, uint32_t len, enum ips_dir dir, bool port_hint)
{
	enum ips_probe p = known_method(data, len);

	return p == IPS_PROBE_NO ? any_method(data, len) : p;
}

static enum ips_probe response(const uint8_t *data, uint32_t len, enum ips_dir dir, bool port_hint)
{
	static const char *const versions[] = {"HTTP/1.1", "HTTP/1.0", "HTTP/0.9"};
	enum ips_probe ret = IPS_PROBE_NO;

	for (size_t i = 0; i < SK_ARRAY_SIZE(versions); i++)
		if (strncasecmp((const char *)data, versions[i], SK_MIN(len, 8)) == 0) {
			if (len >= 8)
				return IPS_PROBE_YES;
			ret = IPS_PROBE_MORE;
		}
	return ret;
}

const struct ips_probe_row ips_http_probes[] = {
	{.id = IPS_P_HTTP1, .ipproto = IPPROTO_TCP, .dirs = IPS_BUF_TOSERVER, .probe = request},
	{.id = IPS_P_HTTP1, .ipproto = IPPROTO_TCP, .dirs = IPS_BUF_TOCLIENT, .probe = response},
	{0},
};
