// SPDX-License-Identifier: GPL-2.0-or-later
/* One network of the set-up document: addresses of the gateway in it, and what it serves there. */
#include <errno.h>
#include <string.h>
#include <arpa/inet.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/gateway/private.h"

static const char *const methods[] = {"none", "static", "dhcp", "pppoe", "auto", "delegated"};
#define BIT(m) (1u << (m))
#define WAN4 (BIT(MG_GW_NONE) | BIT(MG_GW_STATIC) | BIT(MG_GW_DHCP) | BIT(MG_GW_PPPOE))
#define WAN6 (BIT(MG_GW_NONE) | BIT(MG_GW_STATIC) | BIT(MG_GW_AUTO) | BIT(MG_GW_DHCP))
#define IN4 (BIT(MG_GW_NONE) | BIT(MG_GW_STATIC))
#define IN6 (BIT(MG_GW_NONE) | BIT(MG_GW_STATIC) | BIT(MG_GW_DELEGATED))

static int read_method(
	const json_t *v, unsigned allowed, enum mg_gw_method *ret, struct sk_err *err)
{
	const char *s = NULL;
	char all[64] = "";
	size_t len = 0;
	int r = sk_json_str(v, "method", true, &s, err);

	if (r < 0)
		return r;
	for (int i = 0; i < MG_GW_METHODS; i++) {
		if (!(allowed & BIT(i)))
			continue;
		if (strcmp(s, methods[i]) == 0) {
			*ret = (enum mg_gw_method)i;
			return 0;
		}
		len += (size_t)snprintf(
			all + len, sizeof(all) - len, "%s%s", len ? ", " : "", methods[i]);
	}
	return sk_err_set(
		err, -EINVAL, "method", "one of %s", "%s のいずれかを指定してください", all);
}

static int read_dns(const json_t *v, int family, struct mg_gw_family *f, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(v, "dns", false, &list, err);

	if (r == 0 && json_array_size(list) > MG_GW_SERVERS_MAX)
		return sk_err_set(
			err, -E2BIG, "dns", "more than %d", "%d 個までです", MG_GW_SERVERS_MAX);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (!s || mg_gw_ip_parse(s, family, false, &f->dns[i]) < 0) {
			r = sk_err_set(err, -EINVAL, NULL, "is no address of this family",
				"アドレスが正しくありません");
			sk_err_prefix(err, "dns[%zu]", i);
		}
		f->n_dns = i + 1;
	}
	return r;
}

static int read_family(
	const json_t *net, bool six, bool wan, struct mg_gw_net *n, struct sk_err *err)
{
	static const char *const keys[] = {"method", "address", "gateway", "dns", NULL};
	static const char *const keys6_wan[] = {
		"method", "address", "gateway", "dns", "prefix_delegation", NULL};
	static const char *const keys6[] = {"method", "address", "gateway", "dns", "subnet", NULL};
	const char *name = six ? "ipv6" : "ipv4";
	const int family = six ? AF_INET6 : AF_INET;
	struct mg_gw_family *f = six ? &n->ip6 : &n->ip4;
	int64_t subnet = 0;
	json_t *v = NULL;
	int r = sk_json_object(net, name, false, &v, err);

	if (r < 0 || !v)
		return r;
	r = sk_json_only(v, !six ? keys : wan ? keys6_wan : keys6, err);
	if (r == 0)
		r = read_method(v, wan ? (six ? WAN6 : WAN4) : (six ? IN6 : IN4), &f->method, err);
	if (r == 0)
		r = mg_gw_address(v, "address", family, true, &f->address, err);
	if (r == 0)
		r = mg_gw_address(v, "gateway", family, false, &f->gateway, err);
	if (r == 0)
		r = read_dns(v, family, f, err);
	if (r == 0)
		r = sk_json_bool(v, "prefix_delegation", false, &n->delegation, err);
	if (r == 0)
		r = sk_json_int(v, "subnet", false, &subnet, err);
	if (r == 0 && (subnet < 0 || subnet > 255))
		r = sk_err_set(err, -ERANGE, "subnet", "0 to 255", "0 から 255 です");
	n->subnet = (unsigned)subnet;
	if (r < 0)
		sk_err_prefix(err, "%s", name);
	return r;
}

static int read_pppoe(const json_t *net, struct mg_gw_net *n, struct sk_err *err)
{
	static const char *const keys[] = {"user", "password", "mtu", NULL};
	int64_t mtu = 1454; /* flets */
	json_t *v = NULL;
	int r = sk_json_object(net, "pppoe", false, &v, err);

	n->pppoe_mtu = (unsigned)mtu;
	if (r < 0 || !v)
		return r;
	r = sk_json_only(v, keys, err);
	if (r == 0)
		r = mg_gw_text(v, "user", true, n->pppoe_user, sizeof(n->pppoe_user), err);
	if (r == 0)
		r = mg_gw_text(
			v, "password", false, n->pppoe_password, sizeof(n->pppoe_password), err);
	if (r == 0)
		r = sk_json_int(v, "mtu", false, &mtu, err);
	if (r == 0 && (mtu < 1280 || mtu > 1500))
		r = sk_err_set(err, -ERANGE, "mtu", "1280 to 1500", "1280 から 1500 です");
	n->pppoe_mtu = (unsigned)mtu;
	if (r < 0)
		sk_err_prefix(err, "pppoe");
	return r;
}

/* ---- DHCP -------------------------------------------------------------------------------------
 */
static int read_lease(const json_t *v, unsigned *ret, struct sk_err *err)
{
	static const struct {
		char unit;
		unsigned seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	const char *s = "12h";
	char digits[8];
	uint64_t n;
	size_t len;
	int r = sk_json_str(v, "lease", false, &s, err);

	if (r < 0)
		return r;
	len = strlen(s);
	for (size_t i = 0; i < SK_ARRAY_SIZE(units) && len > 1 && len <= sizeof(digits); i++) {
		if (s[len - 1] != units[i].unit)
			continue;
		memcpy(digits, s, len - 1);
		digits[len - 1] = '\0';
		if (sk_parse_u64(digits, 999999, &n) < 0 || n * units[i].seconds < 120 ||
			n * units[i].seconds > 31 * 86400)
			break;
		*ret = (unsigned)n * units[i].seconds;
		return 0;
	}
	return sk_err_set(err, -EINVAL, "lease", "2m to 31d, such as 12h",
		"2m から 31d の範囲で指定してください (例: 12h)");
}

static int read_reservation(const json_t *v, struct mg_gw_reserved *r, struct sk_err *err)
{
	static const char *const keys[] = {"mac", "address", "name", NULL};
	const char *mac = NULL;
	int e;

	if (!json_is_object(v))
		return sk_err_set(err, -EINVAL, NULL, "must be an object",
			"オブジェクト ({…}) で指定してください");
	e = sk_json_only(v, keys, err);
	if (e == 0)
		e = sk_json_str(v, "mac", true, &mac, err);
	if (e == 0 && !mg_gw_mac(mac, r->mac))
		e = sk_err_set(err, -EINVAL, "mac", "is no MAC address such as 52:54:00:12:34:56",
			"MAC アドレスではありません (例: 52:54:00:12:34:56)");
	if (e == 0)
		e = mg_gw_address(v, "address", AF_INET, false, &r->address, err);
	if (e == 0 && !r->address.family)
		e = sk_err_set(err, -ENOENT, "address", "is missing", "指定してください");
	if (e == 0)
		e = mg_gw_text(v, "name", false, r->name, sizeof(r->name), err);
	if (e == 0 && r->name[0] && !mg_gw_label(r->name))
		e = sk_err_set(err, -EINVAL, "name", "letters, digits and - only",
			"英数字と「-」だけを使ってください");
	return e;
}

static int read_reservations(const json_t *v, struct mg_gw_net *n, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(v, "reservations", false, &list, err);
	size_t count = json_array_size(list);

	if (r < 0 || count == 0)
		return r;
	if (count > MG_GW_RESERVED_MAX)
		return sk_err_set(err, -E2BIG, "reservations", "more than %d", "%d 個までです",
			MG_GW_RESERVED_MAX);
	n->reserved = calloc(count, sizeof(*n->reserved));
	if (!n->reserved)
		return sk_err_nomem(err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = read_reservation(json_array_get(list, i), &n->reserved[i], err);
		if (r < 0)
			sk_err_prefix(err, "reservations[%zu]", i);
		n->n_reserved = i + 1;
	}
	return r;
}

static int read_dhcp(const json_t *net, struct mg_gw_net *n, struct sk_err *err)
{
	static const char *const keys[] = {"from", "to", "lease", "reservations", "relay", NULL};
	json_t *v = NULL;
	int r = sk_json_object(net, "dhcp", false, &v, err);

	if (r < 0 || !v)
		return r;
	n->dhcp = true;
	r = sk_json_only(v, keys, err);
	if (r == 0)
		r = mg_gw_address(v, "relay", AF_INET, false, &n->relay, err);
	if (r == 0)
		r = mg_gw_address(v, "from", AF_INET, false, &n->from, err);
	if (r == 0)
		r = mg_gw_address(v, "to", AF_INET, false, &n->to, err);
	if (r == 0)
		r = read_lease(v, &n->lease, err);
	if (r == 0)
		r = read_reservations(v, n, err);
	if (r < 0)
		sk_err_prefix(err, "dhcp");
	return r;
}

int mg_gw_read_network(const json_t *v, struct mg_gateway *g, struct sk_err *err)
{
	static const char *const keys_wan[] = {"role", "ipv4", "ipv6", "pppoe", NULL};
	static const char *const keys_in[] = {
		"role", "ipv4", "ipv6", "dhcp", "dns", "ntp", "manage", NULL};
	const char *role = json_string_value(json_object_get(v, "role"));
	const bool wan = sk_streq(role, "wan");
	struct mg_gw_net *n = NULL;
	int r;

	for (int i = 0; i < MG_GW_ROLES; i++)
		if (sk_streq(role, mg_gw_role_name((enum mg_gw_role)i)))
			n = &g->nets[i];
	r = sk_json_only(v, wan ? keys_wan : keys_in, err);
	if (r < 0)
		return r;
	n->present = true;
	n->ntp = n->dns = !wan;
	if ((r = read_family(v, false, wan, n, err)) < 0 ||
		(r = read_family(v, true, wan, n, err)) < 0)
		return r;
	if (wan)
		return read_pppoe(v, n, err);
	if ((r = read_dhcp(v, n, err)) < 0 ||
		(r = sk_json_bool(v, "dns", false, &n->dns, err)) < 0 ||
		(r = sk_json_bool(v, "ntp", false, &n->ntp, err)) < 0)
		return r;
	return sk_json_bool(v, "manage", false, &n->manage, err);
}
