/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The admission document: which ports are watched how, which devices may enter where and until
 * when. Made by mgmtd, obeyed by nacd. One JSON object; what is wrong is refused with the field's
 * path ("devices[7].macs[0]") and nothing of it is used. Pure.
 */
#ifndef NAC_DOCUMENT_H
#define NAC_DOCUMENT_H

#include <jansson.h>
#include <stddef.h>

#include "nac/observe/print.h"
#include "nac/observe/mac.h"
#include "nac/admission/state.h"

#define NAC_PORTS_MAX 64
#define NAC_NETWORKS_MAX 32
#define NAC_DEVICES_MAX 20000
#define NAC_MACS_MAX 16    /* of a device */
#define NAC_NAMES_MAX 16   /* identities, ports, zones of a device */
#define NAC_SERVERS_MAX 16 /* permitted DHCP servers, routers of a network */
#define NAC_BYTES_MAX (32u << 20)
#define NAC_NAME_MAX 16 /* of an interface, with its NUL */
#define NAC_ZONE_MAX 32
#define NAC_TEXT_MAX 256
#define NAC_IDENTITY_MAX 254

enum nac_mode {
	NAC_LEARN,    /* all passes, devices are collected */
	NAC_REHEARSE, /* all passes, what would be cut off is reported */
	NAC_ENFORCE,
	NAC_MODES
};
enum nac_method { NAC_BY_NONE, NAC_BY_DOT1X, NAC_BY_MAC, NAC_METHODS };
enum nac_kind {
	NAC_PC,
	NAC_PRINTER,
	NAC_PLC,
	NAC_PHONE,
	NAC_AP,
	NAC_SWITCH,
	NAC_SERVER,
	NAC_OTHER,
	NAC_KINDS
};
enum nac_isolate { NAC_ISOLATE_OFF, NAC_ISOLATE_OBSERVE, NAC_ISOLATE_ON };
enum nac_radius_down { NAC_RADIUS_KEEP, NAC_RADIUS_GRACE, NAC_RADIUS_CLOSE };
enum nac_alarm { NAC_ALARM_ONLY, NAC_ALARM_QUARANTINE };

struct nac_port {
	char name[NAC_NAME_MAX], zone[NAC_ZONE_MAX];
	enum nac_mode mode;
	bool dot1x, mac;
	bool quarantine;      /* who may not enter reaches the notice page */
	bool guest;           /* valid credentials suffice: the device need not be registered */
	unsigned reauth;      /* seconds between 802.1X authentications */
	unsigned hold;        /* seconds a MAC admission lasts when nobody renews it */
	unsigned max_devices; /* at once */
};

struct nac_network {
	char interface[NAC_NAME_MAX], zone[NAC_ZONE_MAX];
	bool sensor;
	enum nac_isolate isolation;
	const char **dhcp_servers; /* addresses or MACs, NULL-terminated, never NULL */
	struct nac_mac routers[NAC_SERVERS_MAX];
	size_t n_routers;
};

struct nac_eap {
	bool tls, peap, ttls;
	/* Paths, "" where absent: then those of nacd's own authority are used. */
	const char *ca, *crl, *cert, *key, *users_file;
	/* Another RADIUS server instead of the built-in one; "" none. */
	const char *radius_address, *radius_secret_file;
	uint16_t radius_port;
};

/* Texts are "" where the document has none. */
struct nac_record {
	int64_t number, revision, expires; /* seconds since 1970, 0: never */
	const char *name, *owner, *department, *location;
	enum nac_kind kind;
	enum nac_state state; /* active, quarantined or revoked */
	bool infrastructure;
	bool by_dot1x, by_mac;
	struct nac_mac macs[NAC_MACS_MAX];
	size_t n_macs;
	const char **identities, **ports, **zones; /* NULL-terminated; NULL: any */
	struct nac_print *fingerprint;             /* NULL: not known */
};

struct nac_document {
	int64_t generation;
	struct nac_port ports[NAC_PORTS_MAX];
	size_t n_ports;
	struct nac_network networks[NAC_NETWORKS_MAX];
	size_t n_networks;
	struct nac_eap eap;
	enum nac_radius_down radius_down;
	unsigned grace_seconds;
	enum nac_alarm on_fingerprint, on_conflict; /* default: alarm only */
	struct nac_record *devices;
	size_t n_devices;
	/* private */
	struct nac_by_mac *by_mac;
	struct nac_by_identity *by_identity;
	size_t n_by_mac, n_by_identity;
	json_t *json;
};

/* Owned by the caller, or NULL with err set. The text is copied. */
struct nac_document *nac_document_parse(const char *text, size_t n, struct sk_err *err);
void nac_document_free(struct nac_document *d);

/* Borrowed from d; NULL: none. One MAC and one identity belong to at most one device. */
const struct nac_record *nac_document_by_mac(
	const struct nac_document *d, const struct nac_mac *mac);
const struct nac_record *nac_document_by_identity(
	const struct nac_document *d, const char *identity);
const struct nac_record *nac_document_by_number(const struct nac_document *d, int64_t number);
const struct nac_port *nac_document_port(const struct nac_document *d, const char *name);

const char *nac_mode_name(enum nac_mode m);
int nac_mode_parse(const char *s, enum nac_mode *ret);
const char *nac_method_name(enum nac_method m); /* "none" "dot1x" "mac" */
int nac_method_parse(const char *s, enum nac_method *ret);
const char *nac_kind_name(enum nac_kind k);
int nac_kind_parse(const char *s, enum nac_kind *ret);

#endif
