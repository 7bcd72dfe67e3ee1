/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostapd's events, answers and log lines into structs; whatever does not fit exactly is nothing.
 */
#include "nac/dot1x/parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"

static const struct {
	const char *name;
	enum nac_hostapd_event event;
} events[] = {
	/* …2: the RADIUS server's answers. */
	{"CTRL-EVENT-EAP-STARTED", NAC_HE_STARTED},
	{"CTRL-EVENT-EAP-SUCCESS", NAC_HE_SUCCESS},
	{"CTRL-EVENT-EAP-SUCCESS2", NAC_HE_SUCCESS},
	{"CTRL-EVENT-EAP-FAILURE", NAC_HE_FAILURE},
	{"CTRL-EVENT-EAP-FAILURE2", NAC_HE_FAILURE},
	{"CTRL-EVENT-EAP-TIMEOUT-FAILURE", NAC_HE_TIMEOUT},
	{"CTRL-EVENT-EAP-TIMEOUT-FAILURE2", NAC_HE_TIMEOUT},
	{"AP-STA-CONNECTED", NAC_HE_CONNECTED},
	{"AP-STA-DISCONNECTED", NAC_HE_DISCONNECTED},
	{"CTRL-EVENT-TERMINATING", NAC_HE_TERMINATING},
};

/* A MAC address of exactly n bytes at p. */
static int mac_of(const char *p, size_t n, struct nac_mac *ret)
{
	char text[NAC_MAC_TEXT];

	if (n != sizeof(text) - 1 || memchr(p, '\0', n))
		return -EINVAL;
	memcpy(text, p, n);
	text[n] = '\0';
	return nac_mac_parse(text, ret);
}

static size_t word(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] != ' ' && p[i] != '\n')
		i++;
	return i;
}

enum nac_hostapd_event nac_hostapd_event_parse(const char *p, size_t n, struct nac_mac *ret_mac)
{
	struct nac_mac mac = {{0}};
	size_t w;

	if (n < 3 || p[0] != '<' || p[2] != '>')
		return NAC_HE_OTHER;
	p += 3;
	n -= 3;
	w = word(p, n);
	for (size_t i = 0; i < SK_ARRAY_SIZE(events); i++) {
		if (strlen(events[i].name) != w || memcmp(p, events[i].name, w) != 0)
			continue;
		if (events[i].event == NAC_HE_TERMINATING)
			return NAC_HE_TERMINATING;
		if (w == n || mac_of(p + w + 1, word(p + w + 1, n - w - 1), &mac) < 0)
			return NAC_HE_OTHER;
		*ret_mac = mac;
		return events[i].event;
	}
	return NAC_HE_OTHER;
}

/* The value of the line "key=value", or NULL. */
static const char *value_of(const char *p, size_t n, const char *key, size_t *ret_len)
{
	size_t k = strlen(key);

	while (n > 0) {
		const char *nl = memchr(p, '\n', n);
		size_t len = nl ? (size_t)(nl - p) : n;

		if (len > k && memcmp(p, key, k) == 0 && p[k] == '=') {
			*ret_len = len - k - 1;
			return p + k + 1;
		}
		if (!nl)
			return NULL;
		n -= len + 1;
		p += len + 1;
	}
	return NULL;
}

static void copy_text(char *dst, size_t cap, const char *p, size_t n)
{
	dst[0] = '\0';
	if (n >= cap || !sk_utf8_valid(p, n))
		return;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			return;
	memcpy(dst, p, n);
	dst[n] = '\0';
}

static uint64_t number(const char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n && i < 18 && p[i] >= '0' && p[i] <= '9'; i++)
		v = v * 10 + (uint64_t)(p[i] - '0');
	return v;
}

static bool contains(const char *p, size_t n, const char *s)
{
	return memmem(p, n, s, strlen(s)) != NULL;
}

int nac_hostapd_sta_parse(const char *p, size_t n, struct nac_hostapd_sta *ret)
{
	struct nac_hostapd_sta sta = {.authorized = false};
	const char *nl = memchr(p, '\n', n), *v;
	size_t len = 0;

	if (!nl || mac_of(p, (size_t)(nl - p), &sta.mac) < 0)
		return -EINVAL;
	v = value_of(p, n, "flags", &len);
	sta.authorized = v && contains(v, len, "[AUTHORIZED]");
	v = value_of(p, n, "dot1xAuthSessionUserName", &len);
	if (v)
		copy_text(sta.identity, sizeof(sta.identity), v, len);
	v = value_of(p, n, "last_eap_type_sta", &len);
	if (v)
		sta.eap_type = (unsigned)number(v, len);
	*ret = sta;
	return 0;
}

void nac_hostapd_radius_parse(const char *p, size_t n, struct nac_hostapd_radius *ret)
{
	static const struct {
		const char *key;
		size_t off;
	} sums[] = {
		{"radiusAuthClientAccessRequests", offsetof(struct nac_hostapd_radius, requests)},
		{"radiusAuthClientAccessAccepts", offsetof(struct nac_hostapd_radius, answers)},
		{"radiusAuthClientAccessRejects", offsetof(struct nac_hostapd_radius, answers)},
		{"radiusAuthClientAccessChallenges", offsetof(struct nac_hostapd_radius, answers)},
		{"radiusAuthClientTimeouts", offsetof(struct nac_hostapd_radius, timeouts)},
	};

	*ret = (struct nac_hostapd_radius){0};
	for (size_t i = 0; i < SK_ARRAY_SIZE(sums); i++) {
		const char *at = p, *v;
		size_t left = n, len = 0;

		while ((v = value_of(at, left, sums[i].key, &len))) {
			*(uint64_t *)((char *)ret + sums[i].off) += number(v, len);
			left -= (size_t)(v + len - at);
			at = v + len;
		}
	}
}

/* ---- the log ----------------------------------------------------------------------------------
 */

/*
 * OpenSSL's X509_NAME_oneline writes "/" and "+" within a value with a backslash before them, other
 * bytes than printable ASCII as "\\xE7", but a backslash as it is. So that nobody can spell
 * another's name, values with any other backslash, and names in other characters, are no names.
 */
static int unescape(const char *p, size_t n, char *dst, size_t cap)
{
	size_t o = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\\' && ++i < n && p[i] != '/' && p[i] != '+')
			return -EINVAL;
		if (i >= n || o + 1 >= cap)
			return -EINVAL;
		dst[o++] = p[i];
	}
	dst[o] = '\0';
	return (int)o;
}

/* Where the next "/TYPE=" begins, or the end. */
static const char *next_part(const char *s)
{
	for (; *s; s++) {
		size_t n;

		if (*s == '\\' && s[1]) {
			s++;
			continue;
		}
		if (*s != '/')
			continue;
		n = strspn(
			s + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.");
		if (n > 0 && s[1 + n] == '=')
			return s;
	}
	return s;
}

int nac_hostapd_common_name(const char *subject, char *dst, size_t cap)
{
	char raw[NAC_HOSTAPD_IDENTITY], clean[NAC_HOSTAPD_IDENTITY];
	const char *found = NULL;
	size_t len = 0;
	int n;

	for (const char *p = next_part(subject); *p; p = next_part(p + 1)) {
		if (strncmp(p, "/CN=", 4) != 0)
			continue;
		if (found)
			return -EINVAL;
		found = p + 4;
		len = (size_t)(next_part(p + 1) - found);
	}
	if (!found || len == 0)
		return -EINVAL;
	n = unescape(found, len, raw, sizeof(raw));
	if (n <= 0)
		return -EINVAL;
	copy_text(clean, sizeof(clean), raw, (size_t)n);
	if (!clean[0] || strlen(clean) >= cap)
		return -EINVAL;
	memcpy(dst, clean, strlen(clean) + 1);
	return 0;
}

static void on_cert(struct nac_hostapd_log *l, const char *s)
{
	char name[NAC_HOSTAPD_IDENTITY], serial[NAC_HOSTAPD_SERIAL] = "";
	struct nac_hostapd_line out = {.word = NAC_HL_CERT, .mac = l->mac, .name = name};
	size_t n = strspn(s, "0123456789abcdefABCDEF");
	const char *subject = s + n;

	if (!l->has_mac || n >= sizeof(serial) || strncmp(subject, " subject=", 9) != 0)
		return;
	memcpy(serial, s, n);
	out.serial = serial;
	if (nac_hostapd_common_name(subject + 9, name, sizeof(name)) < 0)
		name[0] = '\0';
	l->fn(&out, l->arg);
}

/* "894 bytes from aa:bb:cc:dd:ee:ff" */
static void on_frame(struct nac_hostapd_log *l, const char *s)
{
	size_t n = strspn(s, "0123456789");

	if (n > 0 && strncmp(s + n, " bytes from ", 12) == 0)
		l->has_mac = mac_of(s + n + 12, strlen(s + n + 12), &l->mac) == 0;
}

/* "EAP-SUCCESS aa:bb:cc:dd:ee:ff", "EAP-PROPOSED-METHOD vendor=0 method=13" */
static void on_event(struct nac_hostapd_log *l, const char *s)
{
	static const struct {
		const char *name;
		enum nac_hostapd_word word;
	} words[] = {
		{"EAP-STARTED", NAC_HL_BEGIN},
		{"EAP-SUCCESS", NAC_HL_SUCCESS},
		{"EAP-SUCCESS2", NAC_HL_SUCCESS},
		{"EAP-FAILURE", NAC_HL_FAILURE},
		{"EAP-FAILURE2", NAC_HL_FAILURE},
	};
	static const char method[] = "EAP-PROPOSED-METHOD vendor=0 method=";
	struct nac_hostapd_line out = {.mac = l->mac, .name = "", .serial = ""};
	size_t w = word(s, strlen(s));

	if (strncmp(s, method, sizeof(method) - 1) == 0 && l->has_mac) {
		out.word = NAC_HL_METHOD;
		out.type = (unsigned)number(s + sizeof(method) - 1, 3);
		l->fn(&out, l->arg);
		return;
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(words); i++) {
		if (strlen(words[i].name) != w || memcmp(words[i].name, s, w) != 0 || !s[w] ||
			mac_of(s + w + 1, strlen(s + w + 1), &out.mac) < 0)
			continue;
		out.word = words[i].word;
		l->fn(&out, l->arg);
	}
}

/* "00:11:22:33:44:55 IEEE 802.1X: received EAPOL-Logoff from STA" */
static void on_station(struct nac_hostapd_log *l, const char *s)
{
	struct nac_hostapd_line out = {.word = NAC_HL_LOGOFF, .name = "", .serial = ""};
	size_t w = word(s, strlen(s));

	if (mac_of(s, w, &out.mac) == 0 &&
		strcmp(s + w, " IEEE 802.1X: received EAPOL-Logoff from STA") == 0)
		l->fn(&out, l->arg);
}

static bool worth_telling(const char *s)
{
	static const char *const parts[] = {"rror", "ailed", "annot", "ould not", "nvalid"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(parts); i++)
		if (strstr(s, parts[i]))
			return true;
	return false;
}

/*
 * Bytes of strangers stand in the log too, but only behind other beginnings of a line (hexdumps,
 * "EAP-Identity: …"), and never with a line's end.
 */
static void on_line(struct nac_hostapd_log *l)
{
	static const char frame[] = "IEEE 802.1X: ", event[] = ": CTRL-EVENT-";
	static const char station[] = ": STA ";
	static const char cert[] = "authsrv: peer certificate: depth=0 serial_num=";
	struct nac_hostapd_line out = {
		.word = NAC_HL_TEXT, .mac = l->mac, .name = l->line, .serial = ""};
	size_t name;

	if (memchr(l->line, '\0', l->len))
		return;
	l->line[l->len] = '\0';
	name = strcspn(l->line, ": ");
	if (strncmp(l->line, cert, sizeof(cert) - 1) == 0)
		on_cert(l, l->line + sizeof(cert) - 1);
	else if (strncmp(l->line, frame, sizeof(frame) - 1) == 0)
		on_frame(l, l->line + sizeof(frame) - 1);
	else if (strncmp(l->line + name, event, sizeof(event) - 1) == 0)
		on_event(l, l->line + name + sizeof(event) - 1);
	else if (strncmp(l->line + name, station, sizeof(station) - 1) == 0)
		on_station(l, l->line + name + sizeof(station) - 1);
	else if (worth_telling(l->line))
		l->fn(&out, l->arg);
}

void nac_hostapd_log_feed(struct nac_hostapd_log *l, const void *p, size_t n)
{
	const char *s = p;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n') {
			if (!l->skip)
				on_line(l);
			l->len = 0;
			l->skip = false;
		} else if (l->len + 1 < sizeof(l->line)) {
			l->line[l->len++] = s[i];
		} else {
			l->skip = true;
		}
	}
}
