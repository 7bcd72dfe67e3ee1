// SPDX-License-Identifier: GPL-2.0-or-later
/* One mail, one POST. Certificates are always checked; redirects are not followed. */
#include "mgmt/notify/send.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "lib/clock.h"
#include "lib/util.h"

#define CONNECT_S 8L
#define TOTAL_S 20L
#define MAIL_MAX (256u << 10)

/* ---- sending ----------------------------------------------------------------------------------
 */
struct upload {
	const uint8_t *p;
	size_t left;
};

static size_t give(char *dst, size_t size, size_t n, void *arg)
{
	struct upload *u = arg;
	size_t take = SK_MIN(size * n, u->left);

	memcpy(dst, u->p, take);
	u->p += take;
	u->left -= take;
	return take;
}

/* What a webhook answers is of no interest, and of any length. */
static size_t ignore(char *p, size_t size, size_t n, void *arg)
{
	return size * n;
}

static CURL *prepare(const struct mg_notify_config *c, const char *url, const char *protocols)
{
	CURL *h = curl_easy_init();

	if (!h)
		return NULL;
	curl_easy_setopt(h, CURLOPT_URL, url);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(h, CURLOPT_TIMEOUT, TOTAL_S);
	curl_easy_setopt(h, CURLOPT_PROXY, "");
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
	if (c->secrets.ca_file[0])
		curl_easy_setopt(h, CURLOPT_CAINFO, c->secrets.ca_file);
	return h;
}

static int perform(CURL *h, const char *what, struct sk_err *err)
{
	char detail[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURLcode rc;

	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, detail);
	rc = curl_easy_perform(h);
	curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, NULL);
	if (rc == CURLE_OK)
		return 0;
	return sk_err_en(err, -EIO, what, "%.200s (%ld)",
		detail[0] ? detail : curl_easy_strerror(rc), status);
}

static struct curl_slist *recipients(const char *to)
{
	struct curl_slist *list = NULL, *next;
	char one[300];

	while (*to) {
		size_t n = strcspn(to, ",");

		snprintf(one, sizeof(one), "<%.*s>", (int)SK_MIN(n, sizeof(one) - 3), to);
		next = curl_slist_append(list, one);
		if (!next)
			break;
		list = next;
		to += n + (to[n] == ',');
	}
	return list;
}

static int compose(const struct mg_notify_config *c, const struct mg_message *m, struct sk_buf *b)
{
	uint8_t id[16];
	char hex[33];

	if (getrandom(id, sizeof(id), 0) != (ssize_t)sizeof(id))
		return -EIO;
	sk_buf_init(b, MAIL_MAX);
	return mg_message_mail(m, c->from, c->to, sk_now(), sk_hex(hex, id, sizeof(id)), b);
}

int mg_send_mail(const struct mg_notify_config *c, const struct mg_message *m, struct sk_err *err)
{
	CURL *h = prepare(c, c->server, "smtp,smtps");
	struct curl_slist *to = recipients(c->to);
	struct sk_buf b = {0};
	struct upload u;
	char from[520];
	int r = h && to ? compose(c, m, &b) : -ENOMEM;

	if (r < 0) {
		sk_err_en(err, r, "mail", "cannot be composed");
		goto out;
	}
	snprintf(from, sizeof(from), "<%s>", c->from);
	u = (struct upload){b.data, b.len};
	curl_easy_setopt(h, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(h, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(h, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(h, CURLOPT_READDATA, &u);
	if (c->starttls && !strncmp(c->server, "smtp:", 5))
		curl_easy_setopt(h, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	if (c->secrets.user[0]) {
		curl_easy_setopt(h, CURLOPT_USERNAME, c->secrets.user);
		curl_easy_setopt(h, CURLOPT_PASSWORD, c->secrets.password);
	}
	r = perform(h, "mail", err);
out:
	sk_buf_done(&b);
	curl_slist_free_all(to);
	curl_easy_cleanup(h);
	return r;
}

static int post(const struct mg_notify_config *c, CURL *h, const char *text, struct sk_err *err)
{
	struct curl_slist *head = curl_slist_append(NULL, "Content-Type: application/json"), *next;
	char line[600];
	int r;

	if (head && c->secrets.authorization[0]) {
		snprintf(line, sizeof(line), "Authorization: %s", c->secrets.authorization);
		next = curl_slist_append(head, line);
		head = next ? next : head;
	}
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, head);
	curl_easy_setopt(h, CURLOPT_POSTFIELDS, text);
	curl_easy_setopt(h, CURLOPT_FAILONERROR, 1L);
	r = head ? perform(h, "webhook", err) : sk_err_nomem(err);
	curl_slist_free_all(head);
	return r;
}

int mg_send_webhook(
	const struct mg_notify_config *c, const struct mg_message *m, struct sk_err *err)
{
	_cleanup_(sk_freep) char *text = json_dumps(m->json, JSON_COMPACT | JSON_SORT_KEYS);
	CURL *h = prepare(c, c->webhook, "https");
	int r = h && text ? post(c, h, text, err) : sk_err_nomem(err);

	curl_easy_cleanup(h);
	return r;
}
