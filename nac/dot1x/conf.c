/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostapd.conf for a wired port. One process a port: with several ports in one process a spoofed
 * address on one disconnects its owner on another.
 */
#include "nac/dot1x/conf.h"

#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"

#define USERS_MAX 20000

static int plain(const char *s, const char *what, struct sk_err *err)
{
	for (const char *p = s ? s : ""; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return sk_err_set(err, -EINVAL, what, "has control characters",
				"に制御文字が含まれています");
	return 0;
}

static int check(const struct nac_hostapd_conf *c, struct sk_err *err)
{
	const char *const all[] = {c->port, c->control_dir, c->ca, c->cert, c->key, c->users,
		c->radius_address, c->radius_secret};

	for (size_t i = 0; i < SK_ARRAY_SIZE(all); i++)
		if (plain(all[i], "hostapd", err) < 0)
			return -EINVAL;
	return 0;
}

int nac_hostapd_conf_write(struct sk_buf *b, const struct nac_hostapd_conf *c, struct sk_err *err)
{
	int r = check(c, err);

	if (r < 0)
		return r;
	sk_buf_printf(b,
		"# Written by sekisho-nacd at every start of this port; changes are lost.\n"
		"interface=%s\ndriver=wired\nlogger_syslog=-1\nlogger_stdout=-1\n"
		"ctrl_interface=%s\nieee8021x=1\nuse_pae_group_addr=0\neapol_version=2\n"
		"eap_reauth_period=%u\n",
		c->port, c->control_dir, c->reauth);
	if (c->radius_address) {
		sk_buf_printf(b,
			"auth_server_addr=%s\nauth_server_port=%u\n"
			"auth_server_shared_secret=%s\nnas_identifier=sekisho-%s\n"
			"own_ip_addr=127.0.0.1\n",
			c->radius_address, c->radius_port, c->radius_secret, c->port);
	} else {
		/* TLS 1.2 and later; no session is resumed: each proof looks at the CRL again. */
		sk_buf_printf(b,
			"eap_server=1\neap_user_file=%s\nca_cert=%s\nserver_cert=%s\n"
			"private_key=%s\n%s"
			"tls_session_lifetime=0\n"
			"tls_flags=[DISABLE-TLSv1.0][DISABLE-TLSv1.1]\n",
			c->users, c->ca, c->cert, c->key,
			c->check_crl ? "check_crl=1\ncrl_reload_interval=1\n" : "");
	}
	return sk_buf_error(b) ? sk_err_nomem(err) : 0;
}

static int put_user(struct sk_buf *b, const json_t *v, struct sk_err *err)
{
	static const char *const keys[] = {"name", "nt_hash", NULL};
	const char *name = "", *hash = "";
	int r = json_is_object(v) ? sk_json_only(v, keys, err)
				  : sk_err_en(err, -EINVAL, NULL, "must be an object");

	if (r == 0)
		r = sk_json_str(v, "name", true, &name, err);
	if (r == 0)
		r = sk_json_str(v, "nt_hash", true, &hash, err);
	if (r == 0 && (!name[0] || strlen(name) > 250 || strpbrk(name, "\"\\")))
		r = sk_err_set(err, -EINVAL, "name", "must have 1 to 250 bytes, no quotes",
			"は 1〜250 バイト (引用符なし) で指定してください");
	if (r == 0)
		r = plain(name, "name", err);
	if (r == 0 && (strlen(hash) != 32 || hash[strspn(hash, "0123456789abcdefABCDEF")]))
		r = sk_err_set(err, -EINVAL, "nt_hash", "must be 32 hex digits",
			"は 32 桁の 16 進数で指定してください");
	if (r < 0)
		return r;
	sk_buf_printf(b, "\"%s\" MSCHAPV2,TTLS-MSCHAPV2 hash:%s [2]\n", name, hash);
	return 0;
}

static int put_users(struct sk_buf *b, const char *text, size_t n, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *doc = sk_json_parse(text, n, err);
	const char *format = "";
	json_t *users = NULL, *v;
	size_t i;
	int r = doc ? sk_json_str(doc, "format", true, &format, err) : -EINVAL;

	if (r == 0 && strcmp(format, "sekisho-eap-users") != 0)
		r = sk_err_set(err, -EINVAL, "format", "is not sekisho-eap-users",
			"が sekisho-eap-users ではありません");
	if (r == 0)
		r = sk_json_array(doc, "users", true, &users, err);
	if (r == 0 && json_array_size(users) > USERS_MAX)
		r = sk_err_set(err, -E2BIG, "users", "at most %d", "は %d 人までです", USERS_MAX);
	if (r < 0)
		return r;
	json_array_foreach (users, i, v) {
		r = put_user(b, v, err);
		if (r < 0) {
			sk_err_prefix(err, "users[%zu]", i);
			return r;
		}
	}
	return 0;
}

int nac_eap_users_write(struct sk_buf *b, const struct nac_eap_methods *m, const char *text,
	size_t n, struct sk_err *err)
{
	int r;

	sk_buf_printf(b, "* %s%s%s%s%s\n", m->tls ? "TLS" : "",
		m->tls && (m->peap || m->ttls) ? "," : "", m->peap ? "PEAP" : "",
		m->peap && m->ttls ? "," : "", m->ttls ? "TTLS" : "");
	r = text ? put_users(b, text, n, err) : 0;
	if (r == 0 && sk_buf_error(b))
		r = sk_err_nomem(err);
	return r;
}
