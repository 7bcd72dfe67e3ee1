/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The notice page: what a quarantined device's user sees, whatever was asked for: that the device
 * may not enter, why, what to do, and the MAC address to tell. Those who ask are strangers: little
 * memory, short times, one page and nothing else, no text of theirs in it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "nac/nacd/parts.h"
#include "nac/nacd/sensor.h"

#define CONNECTIONS 64
#define PER_ADDRESS 4
#define MEMORY 16384
#define TIMEOUT_S 5
#define PAGE_BYTES 16384

struct nacd_page {
	struct nacd *d;
	struct MHD_Daemon *mhd;
	sd_event_source *io, *timer;
};

/* ---- whose address is it ----------------------------------------------------------------------
 */

static bool neighbour(const struct nlmsghdr *h, const void *addr, size_t len, struct nac_mac *ret)
{
	const struct ndmsg *n = NLMSG_DATA(h);
	const void *lladdr = NULL, *dst = NULL;
	size_t left = NLMSG_PAYLOAD(h, sizeof(*n));
	const struct rtattr *a = (const void *)((const char *)n + NLMSG_ALIGN(sizeof(*n)));

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == NDA_DST && RTA_PAYLOAD(a) == len)
			dst = RTA_DATA(a);
		if (a->rta_type == NDA_LLADDR && RTA_PAYLOAD(a) == sizeof(ret->b))
			lladdr = RTA_DATA(a);
	}
	if (!dst || !lladdr || memcmp(dst, addr, len) != 0)
		return false;
	memcpy(ret->b, lladdr, sizeof(ret->b));
	return true;
}

/* From the kernel's neighbour table; it has just answered this very device. */
static int find_mac(int family, const void *addr, size_t len, struct nac_mac *ret)
{
	struct {
		struct nlmsghdr h;
		struct ndmsg n;
	} req = {.h = {.nlmsg_len = sizeof(req),
			 .nlmsg_type = RTM_GETNEIGH,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.n = {.ndm_family = (uint8_t)family}};
	_cleanup_(sk_closep) int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	_Alignas(struct nlmsghdr) char p[16384];

	if (fd < 0 || send(fd, &req, sizeof(req), 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = recv(fd, p, sizeof(p), 0);

		if (n <= 0)
			return -ENOENT;
		for (struct nlmsghdr *h = (void *)p; NLMSG_OK(h, (size_t)n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
				return -ENOENT;
			if (h->nlmsg_type == RTM_NEWNEIGH && neighbour(h, addr, len, ret))
				return 0;
		}
	}
}

static int mac_of(const struct sockaddr *sa, struct nac_mac *ret)
{
	const struct sockaddr_in6 *six = (const void *)sa;
	const struct sockaddr_in *four = (const void *)sa;

	if (sa->sa_family == AF_INET)
		return find_mac(AF_INET, &four->sin_addr, 4, ret);
	if (sa->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return find_mac(AF_INET, &six->sin6_addr.s6_addr[12], 4, ret);
	if (sa->sa_family == AF_INET6)
		return find_mac(AF_INET6, &six->sin6_addr, 16, ret);
	return -EAFNOSUPPORT;
}

/* ---- the page ---------------------------------------------------------------------------------
 */

static const char head[] =
	"<!DOCTYPE html><html lang=\"ja\"><head><meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
	"<title>この端末は接続できません / This device cannot connect</title><style>"
	"body{font:16px/1.7 sans-serif;max-width:40em;margin:2em auto;padding:0 1em;color:#222}"
	"h1{font-size:1.4em}code{font-size:1.5em;background:#eee;padding:.2em .5em;"
	"user-select:all}section{margin:2em 0}.w{border-left:4px solid #b00;padding-left:1em}"
	"</style></head><body>";

struct asker {
	char mac[NAC_MAC_TEXT];
	enum nac_reason reason;
	bool known, randomised;
};

static void who_asks(struct nacd *d, const struct sockaddr *sa, struct asker *ret)
{
	struct nacd_session *all[8];
	struct nac_mac mac;
	size_t n;

	*ret = (struct asker){.reason = NAC_UNKNOWN};
	if (!sa || mac_of(sa, &mac) < 0)
		return;
	ret->known = true;
	nac_mac_format(&mac, ret->mac);
	ret->randomised = nac_mac_is_randomised(&mac);
	n = nacd_sessions_of(d, &mac, all, 8);
	for (size_t i = 0; i < n; i++)
		if (all[i]->state == NAC_S_QUARANTINED)
			ret->reason = all[i]->reason;
}

static void put_part(struct sk_buf *b, const struct asker *a, enum sk_lang lang)
{
	bool ja = lang == SK_JA;

	sk_buf_printf(b, "<section lang=\"%s\"><h1>%s</h1><p class=\"w\">%s</p>", ja ? "ja" : "en",
		ja ? "この端末はまだネットワークに接続できません"
		   : "This device may not use the network yet",
		sk_text(nac_reason_text(a->reason), lang));
	sk_buf_printf(b, "<p>%s</p>",
		ja ? "ネットワークの管理者に次の MAC アドレスを伝え、端末の登録を申請してください。"
		     "承認されると自動的に接続できます。"
		   : "Tell your network administrator this MAC address and ask for the device to "
		     "be "
		     "registered. Once approved, it connects by itself.");
	sk_buf_printf(b, "<p><code>%s</code></p>",
		a->known ? a->mac : (ja ? "(取得できませんでした)" : "(could not be determined)"));
	if (a->randomised && a->reason != NAC_RANDOMISED)
		sk_buf_printf(b, "<p>%s</p>", sk_text(nac_reason_text(NAC_RANDOMISED), lang));
	sk_buf_puts(b, "</section>");
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **state)
{
	struct nacd_page *p = arg;
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct MHD_Response *r;
	struct sk_buf b;
	struct asker a;
	enum MHD_Result done;

	if (*size) {
		*size = 0;
		return MHD_YES;
	}
	who_asks(p->d, i ? i->client_addr : NULL, &a);
	sk_buf_init(&b, PAGE_BYTES);
	sk_buf_puts(&b, head);
	put_part(&b, &a, SK_JA);
	put_part(&b, &a, SK_EN);
	sk_buf_puts(&b, "</body></html>\n");
	if (sk_buf_error(&b)) {
		sk_buf_done(&b);
		return MHD_NO;
	}
	r = MHD_create_response_from_buffer(b.len, b.data, MHD_RESPMEM_MUST_COPY);
	sk_buf_done(&b);
	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", "text/html; charset=utf-8");
	MHD_add_response_header(r, "Cache-Control", "no-store");
	MHD_add_response_header(
		r, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
	MHD_add_response_header(r, "Connection", "close");
	/* 511 tells a program that this is not what it asked for (RFC 6585, 6). */
	done = MHD_queue_response(c, MHD_HTTP_NETWORK_AUTHENTICATION_REQUIRED, r);
	MHD_destroy_response(r);
	return done;
}

/* ---- in the loop ------------------------------------------------------------------------------
 */

static void turn(struct nacd_page *p)
{
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(p->mhd);
	if (MHD_get_timeout(p->mhd, &ms) == MHD_YES) {
		sd_event_source_set_time_relative(p->timer, ms * 1000);
		sd_event_source_set_enabled(p->timer, SD_EVENT_ONESHOT);
	} else {
		sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
	}
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	turn(arg);
	return 0;
}

static int on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
	turn(arg);
	return 0;
}

int nacd_page_new(struct nacd_page **ret, struct nacd *d, uint16_t port, struct sk_err *err)
{
	struct nacd_page *p = calloc(1, sizeof(*p));
	const union MHD_DaemonInfo *i;
	int r = 0;

	if (!p)
		return sk_err_nomem(err);
	p->d = d;
	p->mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_DUAL_STACK, port, NULL, NULL, answer, p,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)PER_ADDRESS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)TIMEOUT_S, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	i = p->mhd ? MHD_get_daemon_info(p->mhd, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!i)
		r = errno ? -errno : -EIO;
	if (r == 0)
		r = sd_event_add_io(d->ev, &p->io, i->epoll_fd, EPOLLIN, on_io, p);
	if (r >= 0)
		r = sd_event_add_time(
			d->ev, &p->timer, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_timer, p);
	if (r >= 0)
		r = sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
	if (r < 0) {
		nacd_page_free(p);
		return sk_err_en(err, r, "page-port", "notice page on port %u: %s", (unsigned)port,
			strerror(-r));
	}
	sd_event_source_set_priority(p->io, SD_EVENT_PRIORITY_IDLE);
	*ret = p;
	return 0;
}

void nacd_page_free(struct nacd_page *p)
{
	if (!p)
		return;
	sd_event_source_disable_unref(p->io);
	sd_event_source_disable_unref(p->timer);
	if (p->mhd)
		MHD_stop_daemon(p->mhd);
	free(p);
}
