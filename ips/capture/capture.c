/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture files through libpcap: pcap of both byte orders, with microseconds or nanoseconds, and
 * pcapng. What a damaged file still holds is given before the error.
 */
#include "ips/capture/capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

struct ips_capture {
	pcap_t *pcap;
	enum ips_link link;
	char *path;
	uint64_t frames;
	int end; /* 1: may be more; 0 or -errno: what every further call returns */
};

static enum ips_link link_of(int dlt)
{
	switch (dlt) {
	case DLT_EN10MB: return IPS_LINK_ETHERNET;
	case DLT_NULL:
	case DLT_LOOP: return IPS_LINK_NULL;
	case DLT_PPP:
	case DLT_PPP_SERIAL: return IPS_LINK_PPP;
	case DLT_LINUX_SLL: return IPS_LINK_SLL;
	case DLT_LINUX_SLL2: return IPS_LINK_SLL2;
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6: return IPS_LINK_RAW;
	default: return IPS_LINK_UNKNOWN;
	}
}

int ips_capture_open(struct ips_capture **ret, const char *path, struct sk_err *err)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct ips_capture *c = calloc(1, sizeof(*c));

	if (!c)
		return sk_err_nomem(err);
	c->end = 1;
	c->path = strdup(path);
	if (!c->path) {
		ips_capture_close(c);
		return sk_err_nomem(err);
	}
	/* It converts nanoseconds down to microseconds, for every packet alike. */
	c->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_MICRO, why);
	if (!c->pcap) {
		ips_capture_close(c);
		return sk_err_set(err, -EINVAL, path, "cannot be read as a capture: %s",
			"パケットキャプチャーとして読めません: %s", why);
	}
	c->link = link_of(pcap_datalink(c->pcap));
	*ret = c;
	return 0;
}

void ips_capture_close(struct ips_capture *c)
{
	if (!c)
		return;
	if (c->pcap)
		pcap_close(c->pcap);
	free(c->path);
	free(c);
}

enum ips_link ips_capture_link(const struct ips_capture *c)
{
	return c->link;
}

int ips_capture_next(
	struct ips_capture *c, struct ips_view *ret, uint64_t *ret_ts_us, struct sk_err *err)
{
	struct pcap_pkthdr *h;
	const u_char *data;
	int r;

	if (c->end == 0)
		return 0;
	r = c->end < 0 ? PCAP_ERROR : pcap_next_ex(c->pcap, &h, &data);
	if (r == 1) {
		c->frames++;
		*ret = (struct ips_view){data, h->caplen};
		*ret_ts_us = h->ts.tv_sec < 0
			? 0
			: (uint64_t)h->ts.tv_sec * 1000000 + (uint64_t)h->ts.tv_usec;
		return 1;
	}
	c->end = r == PCAP_ERROR_BREAK ? 0 : -EBADMSG;
	if (c->end == 0)
		return 0;
	return sk_err_set(err, c->end, c->path, "damaged or cut off after frame %llu: %s",
		"フレーム %llu の後で壊れているか途切れています: %s", (unsigned long long)c->frames,
		pcap_geterr(c->pcap));
}
