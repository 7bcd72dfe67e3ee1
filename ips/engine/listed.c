/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocklists against what the parsers found: names and URLs of HTTP, names, certificates and
 * fingerprints of TLS, names of QUIC; and addresses that were learned. Called for each packet of a
 * flow after its parsers and before its rules; each transaction is looked at once. Names of DNS are
 * in listed_dns.c.
 */
#include "ips/engine/listed.h"

#include <gnutls/crypto.h>
#include <string.h>
#include <strings.h>

#include "ips/proto/tls_names.h"
#include "lib/util.h"

#define HEADERS_MAX 64 /* looked through for a second Host */

/* ---- telling and acting ------------------------------------------------------------------ */

static uint32_t text_hash(struct ips_view s)
{
	uint32_t h = 2166136261u;

	for (uint32_t i = 0; i < s.len; i++)
		h = (h ^ s.data[i]) * 16777619u;
	return h;
}

/* Repeats: the same name by the same client to the same server. */
static void make_key(struct ips_event_key *k, const struct ips_packet *p,
	const struct ips_listed *x, const char *decision)
{
	const struct ips_flow *f = p->flow;

	memset(k, 0, sizeof(*k));
	k->kind = decision ? IPS_LOG_DROP : IPS_LOG_LISTED;
	k->sid = text_hash(x->name);
	k->gid = text_hash((struct ips_view){(const uint8_t *)x->kind, (uint32_t)strlen(x->kind)});
	k->decision = decision ? (uint8_t)decision[0] : 0;
	k->family = p->family;
	k->proto = p->proto;
	k->src = f ? f->addr[0] : p->src;
	k->dst = f ? f->addr[1] : p->dst;
	k->port = f ? f->port[1] : p->dport;
}

void ips_listed_report(struct ips_worker *w, struct ips_packet *p, const struct ips_listed *x,
	const char *decision)
{
	struct ips_eve_listed e = {
		.feed = ips_lists_feed(w->lists, x->hit.feed),
		.kind = x->kind,
		.entry = {(const uint8_t *)x->hit.entry, x->hit.len},
		.name = x->name,
		.decision = decision,
	};
	struct ips_event_key key;

	w->stats.listed++;
	if (!(w->cfg.log & IPS_LOG_DROP))
		return;
	ips_eve_listed(&w->out, &w->cfg.eve, p, &e);
	make_key(&key, p, x, decision);
	ips_worker_send(w, (enum ips_event_kind)key.kind, &key);
}

bool ips_listed_act(struct ips_worker *w, struct ips_packet *p, const struct ips_listed *x,
	struct ips_verdict *v)
{
	bool block =
		x->verdict == IPS_LISTS_BLOCK && w->cfg.inline_mode && !(p->flags & IPS_PKT_PSEUDO);

	if (x->verdict != IPS_LISTS_BLOCK && x->verdict != IPS_LISTS_MONITOR)
		return false;
	ips_listed_report(w, p, x, block ? "reject" : NULL);
	if (block)
		ips_worker_reject(w, p, v);
	return block;
}

static void see_contact(struct ips_worker *w, const struct ips_flow *f, struct ips_view name)
{
	const struct ips_contact_client client = {.family = f->family,
		.addr = f->addr[IPS_TOSERVER],
		.in_dev = f->in_dev,
		.out_dev = f->out_dev};

	ips_contacts_see(w->contacts, name, &client, w->now_us);
}

struct ips_listed ips_listed_look(struct ips_worker *w, const char *kind, struct ips_view name)
{
	struct ips_listed x = {.kind = kind, .name = name};

	if (w->lists && name.len)
		x.verdict = ips_lists_name(w->lists, (const char *)name.data, name.len, &x.hit);
	return x;
}

struct ips_listed ips_listed_name(
	struct ips_worker *w, struct ips_packet *p, const char *kind, struct ips_view name)
{
	struct ips_listed x = ips_listed_look(w, kind, name);

	/*
	 * What is listed is told as such; a certificate's names are not what was asked for. What
	 * the gateway's resolver asks, a device asked of it.
	 */
	if (w->contacts && p->flow && !ips_listed_own(p->flow) && name.len &&
		strcmp(kind, "cert") != 0 &&
		(x.verdict == IPS_LISTS_NONE || x.verdict == IPS_LISTS_ALLOWED))
		see_contact(w, p->flow, name);
	return x;
}

static struct ips_listed print_of(
	struct ips_worker *w, const char *kind, enum sk_bl_kind of, struct ips_view text)
{
	struct ips_listed x = {.kind = kind, .name = text};

	if (!w->lists)
		return x;
	x.verdict = ips_lists_print(w->lists, of, (const char *)text.data, text.len, &x.hit);
	return x;
}

/* ---- buffers ----------------------------------------------------------------------------- */

static enum ips_buf_state buffer(struct ips_flow *f, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, struct ips_view *ret)
{
	struct ips_buf_view b = {0};
	enum ips_buf_state s = f->app.proto->buffer(&f->app, tx, buf, dir, 0, &b);

	*ret = s == IPS_BUF_FULL ? (struct ips_view){b.data, b.len} : (struct ips_view){NULL, 0};
	return s;
}

static struct ips_view client(struct ips_flow *f, struct ips_tx *tx, enum ips_buf buf)
{
	struct ips_view v;

	buffer(f, tx, buf, IPS_TOSERVER, &v);
	return v;
}

/* ---- HTTP -------------------------------------------------------------------------------- */

static bool starts(struct ips_view s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && memcmp(s.data, with, n) == 0;
}

/* What follows "http://host" in the absolute form (RFC 9112, 3.2.2); others as they are. */
static struct ips_view path_of(struct ips_view uri)
{
	const uint8_t *slash;
	uint32_t skip = starts(uri, "http://") ? 7 : starts(uri, "https://") ? 8 : 0;

	if (!skip)
		return uri;
	uri.data += skip;
	uri.len -= skip;
	slash = uri.len ? memchr(uri.data, '/', uri.len) : NULL;
	if (!slash)
		return (struct ips_view){(const uint8_t *)"/", 1};
	uri.len -= (uint32_t)(slash - uri.data);
	uri.data = slash;
	return uri;
}

/* ":8080" of the host as it was sent, unless it is the usual one. */
static struct ips_view port_of(struct ips_view raw)
{
	uint32_t i = raw.len;

	while (i > 0 && raw.data[i - 1] >= '0' && raw.data[i - 1] <= '9')
		i--;
	if (i == 0 || raw.data[i - 1] != ':' || i == raw.len)
		return (struct ips_view){NULL, 0};
	raw.data += i - 1;
	raw.len -= i - 1;
	return raw.len == 3 && memcmp(raw.data, ":80", 3) == 0 ? (struct ips_view){NULL, 0} : raw;
}

/* A path too long for any entry is looked up without its query. */
static struct ips_view cut_to(struct ips_view path, uint32_t room)
{
	const uint8_t *query = path.len > room ? memchr(path.data, '?', path.len) : NULL;

	if (query)
		path.len = (uint32_t)(query - path.data);
	return path.len > room ? (struct ips_view){NULL, 0} : path;
}

static struct ips_listed url_of(struct ips_worker *w, struct ips_flow *f, struct ips_tx *tx,
	struct ips_view host, enum ips_buf which, char url[IPS_LISTS_URL_MAX])
{
	struct ips_view port = port_of(client(f, tx, IPS_BUF_HTTP_HOST_RAW));
	struct ips_view path = path_of(client(f, tx, which));
	struct ips_listed x = {.kind = "url"};
	uint32_t n;

	if (host.data[host.len - 1] == '.')
		host.len--;
	n = host.len + port.len;
	if (n >= IPS_LISTS_URL_MAX)
		return x;
	path = cut_to(path, IPS_LISTS_URL_MAX - n);
	if (path.len == 0)
		return x;
	memcpy(url, host.data, host.len);
	if (port.len)
		memcpy(url + host.len, port.data, port.len);
	memcpy(url + n, path.data, path.len);
	x.name = (struct ips_view){(const uint8_t *)url, n + path.len};
	x.verdict = ips_lists_url(w->lists, url, x.name.len, &x.hit);
	return x;
}

/* Host, without blanks and port, of an authority (RFC 3986, 3.2; no user). */
static struct ips_view host_of(struct ips_view a)
{
	const uint8_t *colon;

	while (a.len && (a.data[0] == ' ' || a.data[0] == '\t'))
		a = (struct ips_view){a.data + 1, a.len - 1};
	while (a.len && (a.data[a.len - 1] == ' ' || a.data[a.len - 1] == '\t'))
		a.len--;
	colon = a.len && a.data[0] != '[' ? memchr(a.data, ':', a.len) : NULL;
	if (colon)
		a.len = (uint32_t)(colon - a.data);
	return a;
}

/* The authority in the request line of a request to a proxy; empty: there is none. */
static struct ips_view authority_of(struct ips_view uri)
{
	uint32_t skip = starts(uri, "http://") ? 7 : starts(uri, "https://") ? 8 : 0;
	const uint8_t *end;

	if (!skip && (uri.len == 0 || uri.data[0] == '/' || uri.data[0] == '*'))
		return (struct ips_view){NULL, 0};
	uri = (struct ips_view){uri.data + skip, uri.len - skip};
	end = uri.len ? memchr(uri.data, '/', uri.len) : NULL;
	if (end)
		uri.len = (uint32_t)(end - uri.data);
	return uri;
}

struct hosts {
	struct ips_worker *w;
	struct ips_packet *p;
	struct ips_tx *tx;
	struct ips_verdict *v;
	struct ips_view first; /* was looked up */
};

/* True: the flow ends here. */
static bool another(const struct hosts *h, struct ips_view authority)
{
	struct ips_view host = host_of(authority);
	struct ips_listed x;

	if (host.len == 0 ||
		(host.len == h->first.len &&
			strncasecmp((const char *)host.data, (const char *)h->first.data,
				host.len) == 0))
		return false;
	x = ips_listed_name(h->w, h->p, "http", host);
	return ips_listed_act(h->w, h->p, &x, h->v);
}

/* Beside a name in the request line there may be a Host header. */
static bool host_headers(const struct hosts *h)
{
	struct ips_app *a = &h->p->flow->app;
	struct ips_buf_view b = {0};

	for (unsigned i = 0; i < HEADERS_MAX; i++) {
		if (a->proto->buffer(a, h->tx, IPS_BUF_HTTP_REQUEST_HEADER, IPS_TOSERVER, i, &b) !=
			IPS_BUF_FULL)
			return false;
		if (b.len > 5 && strncasecmp((const char *)b.data, "host:", 5) == 0 &&
			another(h, (struct ips_view){b.data + 5, b.len - 5}))
			return true;
	}
	return false;
}

/* Several Host headers: the parser joins them with commas. */
static bool joined_hosts(const struct hosts *h)
{
	struct ips_view rest = client(h->p->flow, h->tx, IPS_BUF_HTTP_HOST_RAW);
	const uint8_t *comma = rest.len ? memchr(rest.data, ',', rest.len) : NULL;

	while (comma) {
		uint32_t n = (uint32_t)(comma - rest.data);

		if (another(h, (struct ips_view){rest.data, n}))
			return true;
		rest = (struct ips_view){comma + 1, rest.len - n - 1};
		comma = rest.len ? memchr(rest.data, ',', rest.len) : NULL;
		if (!comma && another(h, rest))
			return true;
	}
	return false;
}

/*
 * A request may name hosts in several places, and who receives it takes whichever it likes. True:
 * the flow ends here.
 */
static bool other_hosts(const struct hosts *h)
{
	struct ips_view line = authority_of(client(h->p->flow, h->tx, IPS_BUF_HTTP_URI_RAW));

	return (line.len && host_headers(h)) || joined_hosts(h);
}

/* As soon as it is there: of CONNECT the parser keeps the headers until the answer comes. */
static bool request_line(struct hosts *h)
{
	struct ips_view uri;

	if (buffer(h->p->flow, h->tx, IPS_BUF_HTTP_URI_RAW, IPS_TOSERVER, &uri) == IPS_BUF_WAIT)
		return false;
	h->tx->flags |= IPS_TX_LISTED_MORE;
	return another(h, authority_of(uri));
}

/* The one in the request line, which was looked up and told of. */
static bool same_host(const struct hosts *h)
{
	struct ips_view line =
		host_of(authority_of(client(h->p->flow, h->tx, IPS_BUF_HTTP_URI_RAW)));

	return line.len && line.len == h->first.len &&
		strncasecmp((const char *)line.data, (const char *)h->first.data, line.len) == 0;
}

static void http(
	struct ips_worker *w, struct ips_packet *p, struct ips_tx *tx, struct ips_verdict *v)
{
	struct hosts h = {.w = w, .p = p, .tx = tx, .v = v};
	char url[IPS_LISTS_URL_MAX];
	struct ips_listed x;

	if (!(tx->flags & IPS_TX_LISTED_MORE) && request_line(&h))
		return;
	if (buffer(p->flow, tx, IPS_BUF_HTTP_HOST, IPS_TOSERVER, &h.first) == IPS_BUF_WAIT)
		return;
	tx->flags |= IPS_TX_LISTED;
	if (h.first.len && memchr(h.first.data, ',', h.first.len))
		h.first = (struct ips_view){NULL, 0}; /* several */
	x = ips_listed_name(w, p, "http", h.first);
	if ((!same_host(&h) && ips_listed_act(w, p, &x, v)) || other_hosts(&h))
		return;
	if (!w->lists || x.verdict == IPS_LISTS_ALLOWED || h.first.len == 0 ||
		ips_lists_info(w->lists)->entries[SK_BL_URL] == 0)
		return;
	x = url_of(w, p->flow, tx, h.first, IPS_BUF_HTTP_URI_RAW, url);
	if (x.verdict == IPS_LISTS_NONE)
		x = url_of(w, p->flow, tx, h.first, IPS_BUF_HTTP_URI, url);
	ips_listed_act(w, p, &x, v);
}

/* ---- TLS --------------------------------------------------------------------------------- */

/* SNI, then the fingerprints of the hello. True: the flow ends here. */
static bool hello(struct ips_worker *w, struct ips_packet *p, struct ips_tx *tx,
	enum ips_buf sni_of, const char *kind, struct ips_verdict *v)
{
	struct ips_view sni = client(p->flow, tx, sni_of), print;
	struct ips_listed x;

	if (sni.len) {
		x = ips_listed_name(w, p, kind, sni);
		if (ips_listed_act(w, p, &x, v))
			return true;
	}
	print = client(p->flow, tx, IPS_BUF_JA3_HASH);
	x = print_of(w, "ja3", SK_BL_JA3, print);
	if (ips_listed_act(w, p, &x, v))
		return true;
	print = client(p->flow, tx, IPS_BUF_JA4_HASH);
	x = print_of(w, "ja4", SK_BL_JA4, print);
	return ips_listed_act(w, p, &x, v);
}

struct names {
	struct ips_worker *w;
	struct ips_view sni;
	bool covers_sni;
	struct ips_listed best;
};

static bool on_cert_name(struct ips_view name, void *arg)
{
	struct names *n = arg;
	struct ips_listed x;

	if (n->sni.len && ips_cert_name_covers(name, n->sni)) {
		n->covers_sni = true;
		return true;
	}
	x = ips_listed_look(n->w, "cert", name);
	if (x.verdict != IPS_LISTS_ALLOWED && x.verdict > n->best.verdict)
		n->best = x;
	return false;
}

/*
 * A certificate that is for the name the client asked for, which was judged already, is not held
 * responsible for its other names: those are neighbours of a shared server. Nor does any name of it
 * matter if the one that was asked for is allowed.
 */
static struct ips_listed cert_names(
	struct ips_worker *w, struct ips_packet *p, struct ips_tx *tx, struct ips_view der)
{
	struct names n = {.w = w, .sni = client(p->flow, tx, IPS_BUF_TLS_SNI)};

	if (n.sni.len && ips_listed_look(w, "tls", n.sni).verdict == IPS_LISTS_ALLOWED)
		return n.best;
	ips_cert_names(der, on_cert_name, &n);
	if (n.covers_sni)
		n.best.verdict = IPS_LISTS_NONE;
	return n.best;
}

static struct ips_listed cert_hash(
	struct ips_worker *w, struct ips_view der, gnutls_digest_algorithm_t how, char hex[65])
{
	uint8_t out[32];
	size_t n = how == GNUTLS_DIG_SHA1 ? 20 : 32;

	if (gnutls_hash_fast(how, der.data, der.len, out) < 0)
		return (struct ips_listed){.kind = "cert"};
	sk_hex(hex, out, n);
	return print_of(
		w, "cert", SK_BL_CERT, (struct ips_view){(const uint8_t *)hex, (uint32_t)(2 * n)});
}

static void certificate(
	struct ips_worker *w, struct ips_packet *p, struct ips_tx *tx, struct ips_verdict *v)
{
	char hex[65];
	struct ips_listed x;
	struct ips_view der;

	if (buffer(p->flow, tx, IPS_BUF_TLS_CERTS, IPS_TOCLIENT, &der) == IPS_BUF_WAIT)
		return;
	tx->flags |= IPS_TX_LISTED_MORE;
	if (der.len == 0 || !w->lists)
		return;
	x = cert_names(w, p, tx, der);
	if (ips_listed_act(w, p, &x, v) || ips_lists_info(w->lists)->entries[SK_BL_CERT] == 0)
		return;
	x = cert_hash(w, der, GNUTLS_DIG_SHA1, hex);
	if (x.verdict == IPS_LISTS_NONE)
		x = cert_hash(w, der, GNUTLS_DIG_SHA256, hex);
	ips_listed_act(w, p, &x, v);
}

static void tls(
	struct ips_worker *w, struct ips_packet *p, struct ips_tx *tx, struct ips_verdict *v)
{
	struct ips_view ja3;

	if (!(tx->flags & IPS_TX_LISTED) &&
		buffer(p->flow, tx, IPS_BUF_JA3_HASH, IPS_TOSERVER, &ja3) != IPS_BUF_WAIT) {
		tx->flags |= IPS_TX_LISTED;
		if (hello(w, p, tx, IPS_BUF_TLS_SNI, "tls", v))
			return;
	}
	if (!(tx->flags & IPS_TX_LISTED_MORE))
		certificate(w, p, tx, v);
}

/* ---- QUIC -------------------------------------------------------------------------------- */

static void quic(
	struct ips_worker *w, struct ips_packet *p, struct ips_tx *tx, struct ips_verdict *v)
{
	tx->flags |= IPS_TX_LISTED;
	hello(w, p, tx, IPS_BUF_QUIC_SNI, "quic", v);
}

/* ---- learned addresses ------------------------------------------------------------------- */

/* The first packet towards an address that a listed name had, if it is still listed. */
static void learned(struct ips_worker *w, struct ips_packet *p, struct ips_verdict *v)
{
	const struct ips_flow *f = p->flow;
	char name[IPS_LISTS_NAME_MAX];
	struct ips_listed x;
	uint32_t n;

	if (f->pkts[0] + f->pkts[1] != 1 || p->dir != IPS_TOSERVER || !w->learned ||
		!ips_lists_info(w->lists)->learn)
		return;
	n = ips_learned_get(w->learned, p->family, &p->dst, w->now_us, name);
	if (n == 0 || ips_lists_allows(w->lists, p->family, &p->dst))
		return;
	x = (struct ips_listed){.kind = "learned", .name = {(const uint8_t *)name, n}};
	x.verdict = ips_lists_name(w->lists, name, n, &x.hit);
	if (x.verdict == IPS_LISTS_BLOCK)
		ips_listed_act(w, p, &x, v);
}

/* ------------------------------------------------------------------------------------------ */

void ips_worker_listed(struct ips_worker *w, struct ips_packet *p, struct ips_verdict *v)
{
	struct ips_flow *f = p->flow;
	const uint32_t both = IPS_TX_LISTED | IPS_TX_LISTED_MORE;

	if ((!w->lists && !w->contacts) || !f || (f->flags & IPS_FLOW_DROP))
		return;
	if (w->lists)
		learned(w, p, v);
	if (!f->app.proto)
		return;
	for (struct ips_tx *tx = f->app.first; tx && !(f->flags & IPS_FLOW_DROP); tx = tx->next) {
		if ((tx->flags & both) == both ||
			((tx->flags & IPS_TX_LISTED) && f->app.id != IPS_P_TLS))
			continue;
		switch (f->app.id) {
		case IPS_P_DNS:
			tx->flags |= IPS_TX_LISTED;
			ips_listed_dns(w, p, tx, v);
			break;
		case IPS_P_HTTP1:
		case IPS_P_HTTP2: http(w, p, tx, v); break;
		case IPS_P_TLS: tls(w, p, tx, v); break;
		case IPS_P_QUIC: quic(w, p, tx, v); break;
		default: return;
		}
	}
}

bool ips_worker_listed_done(const struct ips_worker *w, const struct ips_flow *f)
{
	const struct ips_app *a = &f->app;

	if (!w->lists || (a->flags & IPS_APP_FAILED) || a->id == IPS_P_FAILED)
		return true;
	/* Known by its name only; nothing else will be spoken in it. */
	return !a->proto && a->id != IPS_P_UNKNOWN;
}
