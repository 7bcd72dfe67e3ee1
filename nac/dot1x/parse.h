/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hostapd says, made of bytes that strangers had a part in: its control interface (events,
 * answers to STA and MIB) and its debug log. Pure.
 *
 * The log is read for what no other interface tells: who the certificate is of. EAP-TLS proves the
 * certificate, while the identity that the control interface reports is only what the device
 * claimed (RFC 5216, 5.2). hostapd is one thread, so a certificate belongs to the device whose
 * frame was the last to be received ("IEEE 802.1X: 894 bytes from …"), and its line is written
 * before the event EAP-SUCCESS is sent.
 */
#ifndef NAC_DOT1X_PARSE_H
#define NAC_DOT1X_PARSE_H

#include <stddef.h>

#include "nac/observe/mac.h"

#define NAC_HOSTAPD_IDENTITY 256
#define NAC_HOSTAPD_SERIAL 48

enum nac_hostapd_event {
	NAC_HE_OTHER,
	NAC_HE_STARTED,      /* a device begins */
	NAC_HE_SUCCESS,      /* it proved who it is */
	NAC_HE_FAILURE,      /* it did not */
	NAC_HE_TIMEOUT,      /* it does not answer any more */
	NAC_HE_CONNECTED,    /* hostapd's own view, at the first success only */
	NAC_HE_DISCONNECTED, /* failure, our own command, forgotten */
	NAC_HE_LOGOFF,       /* the same because the device said so; told apart by the log */
	NAC_HE_TERMINATING,
};

/* "<3>CTRL-EVENT-EAP-SUCCESS aa:bb:cc:dd:ee:ff". NAC_HE_OTHER also for what is malformed. */
enum nac_hostapd_event nac_hostapd_event_parse(const char *p, size_t n, struct nac_mac *ret_mac);

struct nac_hostapd_sta {
	struct nac_mac mac;
	bool authorized;
	char identity[NAC_HOSTAPD_IDENTITY]; /* "" when too long or with control characters */
	unsigned eap_type;                   /* of the last answer (IANA EAP method), 0 unknown */
};
/* The answer to STA, STA-FIRST, STA-NEXT. -EINVAL: no station. */
int nac_hostapd_sta_parse(const char *p, size_t n, struct nac_hostapd_sta *ret);

struct nac_hostapd_radius {
	uint64_t requests, answers, timeouts;
};
/* The answer to MIB: sums over the RADIUS servers; zeros without one. */
void nac_hostapd_radius_parse(const char *p, size_t n, struct nac_hostapd_radius *ret);

/* ---- the log ---- */
enum nac_hostapd_word {
	NAC_HL_BEGIN,   /* an exchange with mac begins: what was known of it is void */
	NAC_HL_METHOD,  /* type: the EAP method that is now asked of it */
	NAC_HL_CERT,    /* it showed a certificate: name, serial */
	NAC_HL_SUCCESS, /* the exchange proved what came since its beginning */
	NAC_HL_FAILURE,
	NAC_HL_LOGOFF, /* it said that it leaves */
	NAC_HL_TEXT,   /* an error, for the daemon's log: name is the line */
};

struct nac_hostapd_line {
	enum nac_hostapd_word word;
	struct nac_mac mac;
	unsigned type;
	const char *name;   /* the subject's only common name; "" if there is not exactly one */
	const char *serial; /* hex */
};

struct nac_hostapd_log {
	char line[1024];
	size_t len;
	bool skip; /* the rest of a line that is too long */
	bool has_mac;
	struct nac_mac mac; /* whose frame is being worked on */
	void (*fn)(const struct nac_hostapd_line *l, void *arg);
	void *arg;
};
/* More of the log, in pieces as they come. */
void nac_hostapd_log_feed(struct nac_hostapd_log *l, const void *p, size_t n);
/* The one common name of "/O=Example/CN=host/pc-1" (X509_NAME_oneline). -EINVAL: none, several. */
int nac_hostapd_common_name(const char *subject, char *dst, size_t cap);

#endif
