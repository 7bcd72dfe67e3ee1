// SPDX-License-Identifier: GPL-2.0-or-later
/* The set-up document: what is refused and with which words, and what is made of it. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/gateway/generate.h"
#include "mgmt/gateway/joined.h"

static const char sample[] =
	"{\"format\":\"sekisho-setup\",\"version\":1,\"site\":\"s\",\"operation\":\"routed\","
	"\"ports\":["
	"{\"match\":{\"name\":\"p0\"},\"role\":\"wan\"},{\"match\":{\"mac\":\"52-54-00-00-00-AB\"},"
	"\"role\":\"lan\"},{\"match\":{\"name\":\"p2\"},\"role\":\"lan\"}],\"networks\":[{\"role\":"
	"\"wan\","
	"\"ipv4\":{\"method\":\"pppoe\"},\"ipv6\":{\"method\":\"auto\",\"prefix_delegation\":true},"
	"\"pppoe\":{\"user\":\"u@isp\",\"password\":\"a\\\"b\\\\c\"}},{\"role\":\"lan\",\"ipv4\":{"
	"\"method\":"
	"\"static\",\"address\":\"192.168.10.1/"
	"24\"},\"ipv6\":{\"method\":\"delegated\",\"subnet\":3},"
	"\"dhcp\":{\"from\":\"192.168.10.100\",\"to\":\"192.168.10.150\",\"lease\":\"2h\","
	"\"reservations\":"
	"[{\"mac\":\"52:54:00:00:00:77\",\"address\":\"192.168.10.9\",\"name\":\"nas\"}]}}],"
	"\"people\":["
	"{\"name\":\"tanaka\",\"display\":\"T\",\"roles\":[\"admin\"],\"password\":\"Yama-to-Kawa-"
	"58\"},"
	"{\"name\":\"sato\",\"display\":\"S\",\"roles\":[\"approver\"],\"password\":\"Umi-no-"
	"Sakana-73\"}]}";

static json_t *document(void)
{
	json_t *v = sk_json_parse(sample, strlen(sample), NULL);

	assert_non_null(v);
	return v;
}

static json_t *at(json_t *v, const char *list, size_t i)
{
	return json_array_get(json_object_get(v, list), i);
}

/* doc is stolen. */
static void refused(json_t *doc, int code, const char *path)
{
	struct mg_gateway *g = NULL;
	struct sk_err err = {0};
	int r = mg_gateway_parse(doc, &g, &err);

	if (r == 0)
		r = mg_gateway_check_first(g, &err);
	assert_int_equal(r, code);
	assert_string_equal(err.path, path);
	assert_true(err.en[0] && err.ja[0]);
	mg_gateway_free(g);
	json_decref(doc);
}

static struct mg_gateway *parsed(json_t *doc)
{
	static const struct mg_gw_iface ifaces[] = {{.name = "p0", .mac = "52:54:00:00:00:aa"},
		{.name = "p1", .mac = "52:54:00:00:00:ab"},
		{.name = "p2", .mac = "52:54:00:00:00:ac"}};
	struct mg_gateway *g = NULL;
	struct sk_err err = {0};

	if (mg_gateway_parse(doc, &g, &err) < 0 || mg_gateway_check_first(g, &err) < 0 ||
		mg_gateway_resolve(g, ifaces, SK_ARRAY_SIZE(ifaces), &err) < 0)
		fail_msg("%s: %s", err.path, err.en);
	json_decref(doc);
	return g;
}

static void faults_are_named(void **state)
{
	json_t *d = document();

	json_object_set_new(
		json_object_get(at(d, "networks", 1), "dhcp"), "to", json_string("10.0.0.1"));
	refused(d, -EINVAL, "networks[lan].dhcp.to");
	d = document();
	json_object_set_new(
		json_object_get(at(d, "networks", 1), "dhcp"), "lease", json_string("1s"));
	refused(d, -EINVAL, "networks[1].dhcp.lease");
	d = document();
	json_object_set_new(at(d, "networks", 1), "pppoe", json_object());
	refused(d, -EINVAL, "networks[1].pppoe");
	d = document();
	json_object_set_new(
		json_object_get(at(d, "networks", 0), "ipv6"), "prefix_delegation", json_false());
	refused(d, -EINVAL, "networks[lan].ipv6.method");
	d = document();
	json_object_del(json_object_get(at(d, "networks", 0), "pppoe"), "password");
	refused(d, -ENOENT, "networks[wan].pppoe.password");
	d = document();
	json_object_set_new(d, "version", json_integer(2));
	refused(d, -EPROTO, "version");
	d = document();
	json_object_set_new(at(d, "people", 1), "name", json_string("root"));
	refused(d, -EINVAL, "people[1].name");
	d = document();
	json_object_set_new(at(d, "people", 1), "display", json_string("a:b"));
	refused(d, -EINVAL, "people[1].display");
	/* What a terminal obeys, or shows in another order. */
	d = document();
	json_object_set_new(at(d, "people", 1), "display",
		json_string("a\xc2\x9b"
			    "2Jb"));
	refused(d, -EINVAL, "people[1].display");
	assert_int_equal(mg_gateway_check_display("a\u202eb", NULL), -EINVAL);
	assert_int_equal(mg_gateway_check_display("佐藤 花子", NULL), 0);
	d = document();
	json_object_set_new(d, "site", json_string("a\u202eb"));
	refused(d, -EINVAL, "site");
	d = document();
	json_object_set_new(d, "keyboard", json_string("de"));
	refused(d, -EINVAL, "keyboard");
	d = document();
	json_object_set_new(d, "timezone", json_string("../etc/passwd"));
	refused(d, -EINVAL, "timezone");
	d = document();
	json_object_set_new(d, "operation", json_string("transparent"));
	refused(d, -EINVAL, "networks[wan].ipv4.method");
}

static void passwords(void **state)
{
	static const char *const bad[] = {"Short-1a", "alllowercase12", "Aaaa-bcdefg-1",
		"Xy-4321-plm-T", "Qwer-tyXX-99", "My-Password-77", "x-Tanaka-x-58",
		"Tab\there-Yes1"};
	static const char *const good[] = {
		"Yama-to-Kawa-58", "correct horse battery staple", "関所-No-Mon-9"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_int_equal(mg_gateway_check_password(bad[i], "tanaka", NULL), -EINVAL);
	for (size_t i = 0; i < SK_ARRAY_SIZE(good); i++)
		assert_int_equal(mg_gateway_check_password(good[i], "tanaka", NULL), 0);
}

static void names(void **state)
{
	assert_int_equal(mg_gateway_check_name("tanaka-2", NULL), 0);
	assert_int_equal(mg_gateway_check_name("Tanaka", NULL), -EINVAL);
	assert_int_equal(mg_gateway_check_name("root", NULL), -EINVAL);
	assert_int_equal(mg_gateway_check_name("a-name-of-more-than-31-characters", NULL), -EINVAL);
	assert_int_equal(mg_gateway_check_display("田中 一郎", NULL), 0);
	assert_int_equal(mg_gateway_check_display("a:b", NULL), -EINVAL);
	assert_int_equal(mg_gateway_check_display("a\nb", NULL), -EINVAL);
}

static void addresses(void **state)
{
	struct mg_gw_ip a, b;
	char text[64];

	assert_int_equal(mg_gw_ip_parse("192.168.10.77/20", AF_INET, true, &a), 0);
	b = mg_gw_ip_network(&a);
	assert_string_equal(mg_gw_ip_text(&b, true, text, sizeof(text)), "192.168.0.0/20");
	assert_int_equal(mg_gw_ip_parse("192.168.15.255", AF_INET, false, &b), 0);
	assert_true(mg_gw_ip_inside(&a, &b));
	assert_int_equal(mg_gw_ip_parse("192.168.16.0", AF_INET, false, &b), 0);
	assert_false(mg_gw_ip_inside(&a, &b));
	assert_int_equal(mg_gw_ip_parse("10.0.0.1/33", AF_INET, true, &a), -EINVAL);
	assert_int_equal(mg_gw_ip_parse("10.0.0.1", AF_INET, true, &a), -EINVAL);
	assert_int_equal(mg_gw_ip_parse("2001:db8::1/64", AF_INET6, true, &a), 0);
}

/* ---- what is made -----------------------------------------------------------------------------
 */
struct file {
	char path[96];
	unsigned mode;
	char text[4096];
};
struct files {
	struct file v[16];
	size_t n;
};

static int keep(const char *path, unsigned mode, const struct sk_buf *text, void *arg)
{
	struct files *f = arg;

	assert_true(f->n < SK_ARRAY_SIZE(f->v));
	snprintf(f->v[f->n].path, sizeof(f->v[0].path), "%s", path);
	snprintf(f->v[f->n].text, sizeof(f->v[0].text), "%s", sk_buf_str(text));
	f->v[f->n++].mode = mode;
	return 0;
}

static void has(const struct files *f, const char *path, const char *line)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->v[i].path, path) != 0)
			continue;
		if (!strstr(f->v[i].text, line))
			fail_msg("%s has no \"%s\":\n%s", path, line, f->v[i].text);
		return;
	}
	fail_msg("no %s", path);
}

static void files_are_made(void **state)
{
	static const char net[] = "systemd/network/50-sekisho-";
	struct files f = {0};
	const struct mg_gw_files out = {keep, &f};
	struct mg_gateway *g = parsed(document());

	g->dnssec = true;
	assert_int_equal(mg_gateway_generate(g, &out, NULL), 0);
	has(&f, "sekisho-setup/dnsmasq.conf", "\ndnssec\n");
	has(&f, "sekisho-setup/dnsmasq.conf", "\nstop-dns-rebind\n");
	has(&f, "systemd/network/50-sekisho-wan.network", "\nLinkLocalAddressing=no\n");
	has(&f, "systemd/network/50-sekisho-wan.network",
		"Name=p0\nMACAddress=52:54:00:00:00:aa\n");
	has(&f, "systemd/network/50-sekisho-ppp.network", "Name=ppp-wan\n");
	has(&f, "systemd/network/50-sekisho-ppp.network", "PrefixDelegationHint=::/56\n");
	/* networkd asks for a prefix only so: advertisements do not start it beside WithoutRA= */
	has(&f, "systemd/network/50-sekisho-ppp.network", "\nDHCP=ipv6\n");
	has(&f, "systemd/network/50-sekisho-ppp.network", "\nUseAddress=no\n");
	has(&f, "systemd/network/50-sekisho-br-lan.netdev", "Kind=bridge\n");
	has(&f, "systemd/network/50-sekisho-port-p1.network", "Bridge=br-lan\n");
	has(&f, "systemd/network/50-sekisho-port-p2.network", "Bridge=br-lan\n");
	has(&f, "systemd/network/50-sekisho-lan.network", "Name=br-lan\n");
	has(&f, "systemd/network/50-sekisho-lan.network",
		"UplinkInterface=ppp-wan\nSubnetId=0x3\n");
	has(&f, "sekisho-setup/dnsmasq.conf",
		"dhcp-range=set:lan,192.168.10.100,192.168.10.150,255.255.255.0,7200\n");
	has(&f, "sekisho-setup/dnsmasq.conf", "dhcp-host=52:54:00:00:00:77,192.168.10.9,nas\n");
	has(&f, "sekisho-setup/dnsmasq.conf", "option:mtu,1454\n");
	has(&f, "sekisho-setup/chrony.conf", "\nallow 192.168.10.0/24\n");
	has(&f, "sekisho-setup/ppp.options", "\nmtu 1454\nmru 1454\n");
	for (size_t i = 0; i < f.n; i++) /* its unit is told that it ended, and why */
		assert_null(strstr(f.v[i].text, "\npersist"));
	has(&f, "sekisho-setup/ppp.options", "\npassword \"a\\\"b\\\\c\"\n");
	for (size_t i = 0; i < f.n; i++) {
		if (strstr(f.v[i].path, "ppp.options"))
			assert_int_equal(f.v[i].mode, 0600);
		assert_true(strncmp(f.v[i].path, net, strlen(net)) == 0 ||
			strncmp(f.v[i].path, "sekisho-setup/", 14) == 0);
	}
	mg_gateway_free(g);
}

/* The line's router gives addresses; p0 is the line's port. */
static json_t *shared_document(void)
{
	json_t *d = document(), *wan = at(d, "networks", 0), *lan = at(d, "networks", 1);

	json_object_set_new(d, "operation", json_string("transparent"));
	json_object_del(wan, "pppoe");
	json_object_set_new(wan, "ipv4",
		json_pack("{s:s, s:s, s:s, s:[s]}", "method", "static", "address", "192.168.1.2/24",
			"gateway", "192.168.1.1", "dns", "192.168.1.1"));
	json_object_set_new(wan, "ipv6", json_pack("{s:s}", "method", "auto"));
	json_object_set_new(lan, "ipv4", json_pack("{s:s}", "method", "none"));
	json_object_del(lan, "ipv6");
	json_object_del(lan, "dhcp");
	return d;
}

static void transparent(void **state)
{
	struct files f = {0};
	const struct mg_gw_files out = {keep, &f};
	struct mg_gateway *g = parsed(shared_document());
	json_t *site;
	char iface[IFNAMSIZ];

	assert_int_equal(mg_gateway_generate(g, &out, NULL), 0);
	has(&f, "systemd/network/50-sekisho-br-gate.netdev",
		"Name=br-gate\nKind=bridge\nMACAddress=52:54:00:00:00:aa\n");
	has(&f, "systemd/network/50-sekisho-br-gate.netdev", "MulticastSnooping=no\n");
	for (size_t i = 0; i < g->n_ports; i++) {
		char path[96];

		snprintf(path, sizeof(path), "systemd/network/50-sekisho-port-%s.network",
			g->ports[i].name);
		has(&f, path, "Bridge=br-gate\n\n[Bridge]\nIsolated=yes\n");
		has(&f, path, "LinkLocalAddressing=no\n");
	}
	has(&f, "systemd/network/50-sekisho-wan.network", "Name=br-gate\n");
	has(&f, "systemd/network/50-sekisho-wan.network", "Address=192.168.1.2/24\n");
	has(&f, "systemd/network/50-sekisho-wan.network", "Gateway=192.168.1.1\n");
	has(&f, "systemd/network/50-sekisho-wan.network", "IPv6AcceptRA=yes\n");
	has(&f, "sekisho-setup/dnsmasq.conf", "interface=br-gate\nno-dhcp-interface=br-gate\n");
	has(&f, "sekisho-setup/chrony.conf", "allow 192.168.1.0/24\n");
	assert_string_equal(mg_gateway_line(g, iface), "br-gate");

	site = mg_gateway_site(g);
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(site, "site"), "site.reverse_path")),
		"no");
	for (size_t i = 0; i < 2; i++) {
		const json_t *z = at(site, "zones", i);

		assert_string_equal(json_string_value(json_object_get(z, "bridge")), "br-gate");
		assert_int_equal(json_array_size(json_object_get(z, "interfaces")), i == 0 ? 1 : 2);
	}
	json_decref(site);
	mg_gateway_free(g);
}

/* What cannot be on a shared network is said, and what to do. */
static void transparent_refused(void **state)
{
	json_t *d = shared_document();

	json_object_set_new(at(d, "networks", 0), "ipv4", json_pack("{s:s}", "method", "dhcp"));
	mg_gateway_free(parsed(d));
	d = shared_document();
	json_object_set_new(at(d, "networks", 0), "ipv4", json_pack("{s:s}", "method", "pppoe"));
	json_object_set_new(at(d, "networks", 0), "pppoe", json_pack("{s:s}", "user", "user@isp"));
	refused(d, -EINVAL, "networks[wan].ipv4.method");
	d = shared_document();
	json_object_set_new(
		json_object_get(at(d, "networks", 0), "ipv6"), "prefix_delegation", json_true());
	refused(d, -EINVAL, "networks[wan].ipv6.prefix_delegation");
	d = shared_document();
	json_object_set_new(
		at(d, "networks", 1), "dhcp", json_pack("{s:s}", "relay", "192.168.1.1"));
	refused(d, -EINVAL, "networks[lan].dhcp");
	d = shared_document();
	json_object_set_new(at(d, "networks", 1), "ipv4",
		json_pack("{s:s, s:s}", "method", "static", "address", "192.168.1.3/24"));
	refused(d, -EINVAL, "networks[lan].ipv4.method");
	d = shared_document();
	json_object_set_new(at(d, "ports", 2), "role", json_string("dmz"));
	json_array_append_new(json_object_get(d, "networks"),
		json_pack("{s:s, s:{s:s, s:s}}", "role", "dmz", "ipv4", "method", "static",
			"address", "192.168.20.1/24"));
	refused(d, -EINVAL, "networks[dmz].role");
}

/* Cards were moved: names are others, and the policy does not know. */
static void cards_and_names(void **state)
{
	static const struct mg_gw_iface moved[] = {{.name = "p0", .mac = "52:54:00:00:00:ff"},
		{.name = "p1", .mac = "52:54:00:00:00:aa"},
		{.name = "p3", .mac = "52:54:00:00:00:ab"}};
	struct files f = {0};
	const struct mg_gw_files out = {keep, &f};
	struct mg_gateway *g = parsed(document());
	struct sk_err err = {0};

	/* The line's card is on another name, and a new one has its name. */
	assert_int_equal(mg_gateway_fit(g, 0, moved, 3), MG_GW_MOVED);
	assert_string_equal(g->ports[0].name, "p0");
	/* Of a bridge the policy knows the bridge. */
	assert_int_equal(mg_gateway_fit(g, 1, moved, 3), MG_GW_FITS);
	assert_string_equal(g->ports[1].name, "p3");
	assert_int_equal(mg_gateway_fit(g, 2, moved, 3), MG_GW_GONE);
	assert_int_equal(mg_gateway_fit(g, 0, moved, 1), MG_GW_OTHER);
	assert_int_equal(mg_gateway_generate(g, &out, NULL), 0);
	has(&f, "systemd/network/50-sekisho-wan.network",
		"Name=p0\nMACAddress=52:54:00:00:00:aa\n");
	/* No password is said to a stranger's line. */
	for (size_t i = 0; i < f.n; i++)
		assert_null(strstr(f.v[i].path, "ppp.options"));
	assert_int_equal(mg_gateway_resolve(g, moved, 3, &err), -EINVAL);
	assert_string_equal(err.path, "ports[0].match");
	mg_gateway_free(g);
}

/* Zones in force, by what the policy calls their ports. */
static void zones_stay_apart(void **state)
{
	struct fw_zone z[3] = {{.name = "wan", .ifaces = {"ppp-wan"}, .n_ifaces = 1},
		{.name = "lan", .ifaces = {"br-lan"}, .n_ifaces = 1},
		{.name = "factory", .ifaces = {"p3"}, .n_ifaces = 1}};
	struct mg_gateway *now = parsed(document()), *next = parsed(document());
	struct sk_err err = {0};

	assert_int_equal(mg_gateway_check_joined(next, now, z, 3, &err), 0);
	/* A spare port may join the office. */
	assert_int_equal(mg_gateway_check_joined(next, NULL, z, 3, &err), 0);
	/* One that the policy has in another zone may not. */
	snprintf(z[2].ifaces[0], IFNAMSIZ, "p2");
	assert_int_equal(mg_gateway_check_joined(next, now, z, 3, &err), -EPERM);
	assert_string_equal(err.path, "ports[2].role");
	assert_non_null(strstr(err.en, "p1 is in zone lan and p2 in zone factory"));
	snprintf(z[2].ifaces[0], IFNAMSIZ, "p3");
	/* Nor the line's, which the policy knows as ppp-wan. */
	next->ports[0].role = MG_GW_LAN;
	assert_int_equal(mg_gateway_check_joined(next, now, z, 3, &err), -EPERM);
	assert_string_equal(err.path, "ports[1].role");
	/* By its card, whatever its name is now. */
	snprintf(next->ports[0].name, IFNAMSIZ, "p9");
	assert_int_equal(mg_gateway_check_joined(next, now, z, 3, &err), -EPERM);
	/* Of a shared bridge the policy knows the ports: it decides. */
	next->transparent = true;
	assert_int_equal(mg_gateway_check_joined(next, now, z, 3, &err), 0);
	mg_gateway_free(now);
	mg_gateway_free(next);
}

static void settings_have_no_secrets(void **state)
{
	json_t *d = document(), *kept, *again;
	struct mg_gateway *g = parsed(json_incref(d)), *h = NULL;
	char *text;

	kept = mg_gateway_settings(d, g);
	text = json_dumps(kept, JSON_COMPACT);
	assert_null(strstr(text, "Kawa"));
	assert_null(strstr(text, "password"));
	assert_null(json_object_get(kept, "people"));
	/* What is kept is itself a document. */
	again = sk_json_parse(text, strlen(text), NULL);
	assert_int_equal(mg_gateway_parse(again, &h, NULL), 0);
	assert_string_equal(h->ports[1].name, "p1");
	assert_string_equal(h->ports[0].mac, "52:54:00:00:00:aa");
	free(text);
	json_decref(again);
	json_decref(kept);
	json_decref(d);
	mg_gateway_free(g);
	mg_gateway_free(h);
}

static void site_has_zones(void **state)
{
	struct mg_gateway *g = parsed(document());
	json_t *site = mg_gateway_site(g), *wan = at(site, "zones", 0), *lan = at(site, "zones", 1);

	assert_int_equal(json_array_size(json_object_get(site, "zones")), 2);
	assert_int_equal(json_array_size(json_object_get(wan, "interfaces")), 2);
	assert_string_equal(json_string_value(at(lan, "interfaces", 0)), "br-lan");
	assert_int_equal(json_array_size(json_object_get(lan, "serve")), 3);
	assert_int_equal(json_array_size(json_object_get(wan, "use")), 4);
	json_decref(site);
	mg_gateway_free(g);
}

static void name_servers(void **state)
{
	static const char *const found[] = {"203.0.113.53 2001:db8::53#dns.example 203.0.113.53",
		"fe80::1%p0 nonsense 10.0.0.1;rm"};
	struct mg_gateway *g = parsed(document());
	struct sk_buf b;

	sk_buf_init(&b, 4096);
	mg_gateway_resolv(g, found, 2, &b);
	assert_non_null(strstr(sk_buf_str(&b),
		"\nnameserver 203.0.113.53\nnameserver 2001:db8::53\nnameserver fe80::1%p0\n"));
	assert_null(strstr(sk_buf_str(&b), "nonsense"));
	assert_null(strstr(sk_buf_str(&b), "rm"));
	sk_buf_done(&b);
	mg_gateway_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_are_named),
		cmocka_unit_test(passwords),
		cmocka_unit_test(names),
		cmocka_unit_test(addresses),
		cmocka_unit_test(files_are_made),
		cmocka_unit_test(transparent),
		cmocka_unit_test(transparent_refused),
		cmocka_unit_test(cards_and_names),
		cmocka_unit_test(zones_stay_apart),
		cmocka_unit_test(settings_have_no_secrets),
		cmocka_unit_test(site_has_zones),
		cmocka_unit_test(name_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
