/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libpcap; see capture.h. */
#include "nac/discover/capture.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

enum { SNAPLEN = 1600, BUFFER = 2 << 20, TAIL = 5 };

/*
 * Everything by which a device names itself. Data is left to sampling: a gateway forwards far more
 * than a sensor need look at. Multicast streams are data as well.
 */
#define SPEAKS                                                                                     \
	"arp or ether broadcast or (ether multicast and not ip and not ip6) or igmp "              \
	"or udp port 67 or udp port 68 or udp port 546 or udp port 547 or udp port 1900 "          \
	"or udp src port 5353 or udp src port 5355 or udp src port 137 or udp src port 138 "       \
	"or tcp[13] & 2 != 0 or (ip6 and (ip6[6] == 0 or ip6[6] == 43 or ip6[6] == 44 "            \
	"or ip6[6] == 60 or (ip6[6] == 6 and ip6[53] & 2 != 0) "                                   \
	"or (ip6[6] == 58 and ip6[40] >= 128 and ip6[40] <= 136)))"

struct nac_capture {
	pcap_t *pcap;
};

/* How a handler gets more than pcap_dispatch's one pointer. */
struct reader {
	void (*fn)(void *arg, const uint8_t *p, size_t len, int64_t ts_us);
	void *arg;
};

static int fail(pcap_t *p, int status, const char *ifname, struct sk_err *err)
{
	int code = status == PCAP_ERROR_NO_SUCH_DEVICE ? -ENODEV
		: status == PCAP_ERROR_IFACE_NOT_UP    ? -ENETDOWN
		: status == PCAP_ERROR_PERM_DENIED     ? -EPERM
						       : -EIO;
	const char *why = p ? pcap_geterr(p) : "";

	return sk_err_en(err, code, ifname, "%s", *why ? why : pcap_statustostr(status));
}

/*
 * Where the filter would refuse a frame, a random number decides (SKF_AD_RANDOM, linux/filter.h),
 * in the kernel. Returns false if the program has no such form: then nothing is sampled.
 */
static bool sample(struct bpf_program *prog, uint32_t one_in)
{
	const struct bpf_insn tail[TAIL] = {
		{BPF_LD | BPF_W | BPF_ABS, 0, 0, (bpf_u_int32)(SKF_AD_OFF + SKF_AD_RANDOM)},
		{BPF_ALU | BPF_AND | BPF_K, 0, 0, one_in - 1},
		{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0},
		{BPF_RET | BPF_K, 0, 0, SNAPLEN},
		{BPF_RET | BPF_K, 0, 0, 0},
	};
	unsigned n = prog->bf_len;
	struct bpf_insn *insns = realloc(prog->bf_insns, (n + TAIL) * sizeof(*insns));

	if (!insns)
		return false;
	prog->bf_insns = insns;
	for (unsigned i = 0; i < n; i++) {
		if (insns[i].code == (BPF_RET | BPF_K) && insns[i].k == 0)
			insns[i] = (struct bpf_insn){BPF_JMP | BPF_JA, 0, 0, n - i - 1};
	}
	memcpy(insns + n, tail, sizeof(tail));
	prog->bf_len = n + TAIL;
	return true;
}

static int set_filter(pcap_t *p, uint32_t sampled)
{
	struct bpf_program prog;
	int status;

	/* "vlan" moves the offsets of what stands behind it. */
	status = pcap_compile(p, &prog, SPEAKS " or (vlan and (" SPEAKS "))", 1, 0);
	if (status < 0)
		return status;
	if (sampled > 1)
		sample(&prog, sampled);
	status = pcap_setfilter(p, &prog);
	pcap_freecode(&prog);
	return status;
}

static int configure(pcap_t *p, uint32_t sampled)
{
	int status;

	pcap_set_snaplen(p, SNAPLEN);
	pcap_set_promisc(p, 1);
	pcap_set_immediate_mode(p, 1);
	pcap_set_buffer_size(p, BUFFER);
	status = pcap_activate(p);
	if (status < 0)
		return status;
	if (pcap_datalink(p) != DLT_EN10MB)
		return PCAP_ERROR_NO_SUCH_DEVICE;
	status = pcap_setdirection(p, PCAP_D_IN);
	if (status < 0)
		return status;
	return set_filter(p, sampled);
}

int nac_capture_open(
	const char *ifname, uint32_t sampled, struct nac_capture **ret, struct sk_err *err)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct nac_capture *c = calloc(1, sizeof(*c));
	int status;

	if (!c)
		return sk_err_nomem(err);
	c->pcap = pcap_create(ifname, why);
	if (!c->pcap) {
		nac_capture_close(c);
		return sk_err_en(err, -EIO, ifname, "%s", why);
	}
	status = configure(c->pcap, sampled);
	if (status == 0)
		status = pcap_setnonblock(c->pcap, 1, why);
	if (status < 0) {
		status = fail(c->pcap, status, ifname, err);
		nac_capture_close(c);
		return status;
	}
	*ret = c;
	return 0;
}

void nac_capture_close(struct nac_capture *c)
{
	if (!c)
		return;
	if (c->pcap)
		pcap_close(c->pcap);
	free(c);
}

int nac_capture_fd(const struct nac_capture *c)
{
	return pcap_get_selectable_fd(c->pcap);
}

static void got(u_char *user, const struct pcap_pkthdr *h, const u_char *p)
{
	const struct reader *r = (const struct reader *)(void *)user;

	r->fn(r->arg, p, h->caplen, (int64_t)h->ts.tv_sec * 1000000 + h->ts.tv_usec);
}

int nac_capture_read(struct nac_capture *c, int max,
	void (*fn)(void *arg, const uint8_t *p, size_t len, int64_t ts_us), void *arg)
{
	struct reader r = {fn, arg};
	int n = pcap_dispatch(c->pcap, max, got, (u_char *)&r);

	return n < 0 ? -EIO : n;
}

int nac_capture_send(struct nac_capture *c, const uint8_t *p, size_t len)
{
	return pcap_inject(c->pcap, p, len) < 0 ? -EIO : 0;
}

uint64_t nac_capture_dropped(struct nac_capture *c)
{
	struct pcap_stat st;

	return pcap_stats(c->pcap, &st) < 0 ? 0 : st.ps_drop;
}

static unsigned mask_bits(const uint8_t *mask, size_t len)
{
	unsigned bits = 0;

	for (size_t i = 0; i < len; i++)
		bits += (unsigned)__builtin_popcount(mask[i]);
	return bits;
}

static void one_address(const struct ifaddrs *a, struct nac_own *own)
{
	if (a->ifa_addr->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)a->ifa_addr;
		const struct sockaddr_in *mask = (const void *)a->ifa_netmask;

		nac_ip_set(&own->ip, 4, &in->sin_addr);
		own->bits = (uint8_t)mask_bits((const uint8_t *)&mask->sin_addr, 4);
	} else {
		const struct sockaddr_in6 *in = (const void *)a->ifa_addr;
		const struct sockaddr_in6 *mask = (const void *)a->ifa_netmask;

		nac_ip_set(&own->ip, 6, &in->sin6_addr);
		own->bits = (uint8_t)mask_bits((const uint8_t *)&mask->sin6_addr, 16);
	}
}

int nac_capture_self(
	const char *ifname, struct nac_mac *ret_mac, struct nac_own own[NAC_OWN_MAX], size_t *ret_n)
{
	struct ifaddrs *all, *a;
	bool found = false;
	size_t n = 0;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (a = all; a; a = a->ifa_next) {
		if (!a->ifa_addr || strcmp(a->ifa_name, ifname) != 0)
			continue;
		if (a->ifa_addr->sa_family == AF_PACKET) {
			const struct sockaddr_ll *ll = (const void *)a->ifa_addr;

			found = ll->sll_halen == sizeof(ret_mac->b);
			if (found)
				memcpy(ret_mac->b, ll->sll_addr, sizeof(ret_mac->b));
		} else if ((a->ifa_addr->sa_family == AF_INET ||
				   a->ifa_addr->sa_family == AF_INET6) &&
			a->ifa_netmask && n < NAC_OWN_MAX) {
			one_address(a, &own[n++]);
		}
	}
	freeifaddrs(all);
	*ret_n = n;
	return found ? 0 : -ENODEV;
}
