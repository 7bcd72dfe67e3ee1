/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hostapd reads at its start: PORT.conf, the EAP users, the authority with its revocation
 * list. In the run directory: nothing of it outlives the machine's start. The CRL is looked at
 * again by hostapd itself, so a revoked certificate needs no restart.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/util.h"
#include "nac/dot1x/conf.h"
#include "nac/nacd/parts.h"

#define FILE_MAX (4u << 20)

static void path_in(const struct nacd *d, char *dst, size_t cap, const char *name)
{
	snprintf(dst, cap, "%s/nac/%s", d->opts.run_dir, name);
}

int nacd_files_prepare(struct nacd *d, struct sk_err *err)
{
	char dir[256];
	int fd, r;

	path_in(d, dir, sizeof(dir), "");
	r = sk_mkdir_p(dir, 0700, err);
	if (r < 0 || !d->opts.control_dir)
		return r;
	/* The folder lets hostapd alone through: what is in it need not. */
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fchown(fd, (uid_t)-1, d->opts.hostapd_gid) < 0 || fchmod(fd, 0710) < 0)
		r = sk_err_en(err, -errno, dir, "for hostapd: %s", strerror(errno));
	sk_closep(&fd);
	return r;
}

static mode_t mode_of(const struct nacd *d)
{
	return d->opts.control_dir ? 0644 : 0600;
}

/* The document's path, or the one of our own authority. */
static const char *or_own(
	const struct nacd *d, const char *path, const char *own, char *dst, size_t cap)
{
	if (path[0])
		return path;
	snprintf(dst, cap, "%s/ca/%s", d->opts.state_dir, own);
	return dst;
}

static int append(struct sk_buf *b, const char *path, struct sk_err *err)
{
	int r = sk_file_read(path, b, err);

	if (r < 0)
		sk_err_prefix(err, "%s", path);
	else if (b->len && b->data[b->len - 1] != '\n')
		sk_buf_putc(b, '\n');
	return r;
}

/* The file's content only where it changed: hostapd looks at its time. */
static int replace(const char *path, const struct sk_buf *b, mode_t mode, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf old;

	sk_buf_init(&old, FILE_MAX);
	if (sk_file_read(path, &old, NULL) == 0 && old.len == b->len &&
		memcmp(old.data, b->data, b->len) == 0)
		return 0;
	return sk_file_replace(path, b->data, b->len, mode, err);
}

/* A missing CRL of our own authority, which has revoked nobody, is none. */
static int write_authority(
	struct nacd *d, const char *to, bool *ret_crl, struct sk_buf *hash, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	const struct nac_eap *e = &d->doc->eap;
	char own[512];
	int r;

	sk_buf_init(&b, FILE_MAX);
	r = append(&b, or_own(d, e->ca, "ca.pem", own, sizeof(own)), err);
	sk_buf_put(hash, b.data, b.len);
	*ret_crl = false;
	if (r == 0 && (e->crl[0] || !e->ca[0])) {
		r = append(&b, or_own(d, e->crl, "crl.pem", own, sizeof(own)), err);
		*ret_crl = r == 0;
		if (r == -ENOENT && !e->crl[0])
			r = 0;
	}
	return r == 0 ? replace(to, &b, mode_of(d), err) : r;
}

static int write_users(struct nacd *d, const char *to, struct sk_buf *hash, struct sk_err *err)
{
	const struct nac_eap *e = &d->doc->eap;
	const struct nac_eap_methods m = {.tls = e->tls, .peap = e->peap, .ttls = e->ttls};
	_cleanup_(sk_buf_done) struct sk_buf in, b;
	int r = 0;

	sk_buf_init(&in, FILE_MAX);
	sk_buf_init(&b, FILE_MAX);
	if (e->users_file[0]) {
		r = sk_file_read(e->users_file, &in, err);
		if (r < 0)
			return r;
	}
	r = nac_eap_users_write(&b, &m, e->users_file[0] ? sk_buf_str(&in) : NULL, in.len, err);
	if (r < 0) {
		sk_err_prefix(err, "%s", e->users_file);
		return r;
	}
	sk_buf_put(hash, b.data, b.len);
	return replace(to, &b, mode_of(d), err);
}

static int radius_secret(struct nacd *d, char *dst, size_t cap, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	int r;

	sk_buf_init(&b, 1024);
	r = sk_file_read(d->doc->eap.radius_secret_file, &b, err);
	if (r < 0)
		return r;
	snprintf(dst, cap, "%s", sk_buf_str(&b));
	dst[strcspn(dst, "\r\n")] = '\0';
	return dst[0] ? 0 : sk_err_en(err, -EINVAL, d->doc->eap.radius_secret_file, "is empty");
}

static int write_conf(struct nacd *d, const struct nacd_port *p, struct nac_hostapd_conf *c,
	struct sk_buf *hash, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	char name[64], path[256];
	int r;

	sk_buf_init(&b, FILE_MAX);
	r = nac_hostapd_conf_write(&b, c, err);
	if (r < 0)
		return r;
	sk_buf_put(hash, b.data, b.len);
	snprintf(name, sizeof(name), "%s.conf", p->name);
	path_in(d, path, sizeof(path), name);
	return sk_file_replace(path, b.data, b.len, mode_of(d), err);
}

/* Where hostapd, which may not read our state, finds one of our files: a copy. to has 512 bytes. */
static int hand_out(
	struct nacd *d, const char **path, const char *name, char *to, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	int r;

	sk_buf_init(&b, FILE_MAX);
	if (!d->opts.control_dir)
		return 0;
	r = sk_file_read(*path, &b, err);
	if (r < 0) {
		sk_err_prefix(err, "%s", *path);
		return r;
	}
	path_in(d, to, 512, name);
	r = replace(to, &b, mode_of(d), err);
	*path = to;
	return r;
}

int nacd_files_write(struct nacd *d, const struct nacd_port *p, char *ret_hash, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf hash;
	const struct nac_eap *e = &d->doc->eap;
	char dir[256], ca[256], users[256], cert[512], key[512], secret[256], copies[2][512];
	struct nac_hostapd_conf c = {.port = p->name,
		.control_dir = dir,
		.reauth = p->conf.reauth,
		.ca = ca,
		.users = users};
	uint8_t sum[32];
	int r = 0;

	sk_buf_init(&hash, 3 * FILE_MAX);
	snprintf(dir, sizeof(dir), "%s/nac", d->opts.run_dir);
	if (d->opts.control_dir)
		c.control_dir = d->opts.control_dir;
	path_in(d, ca, sizeof(ca), "authority.pem");
	path_in(d, users, sizeof(users), "users");
	c.cert = or_own(d, e->cert, "server.pem", cert, sizeof(cert));
	c.key = or_own(d, e->key, "server.key", key, sizeof(key));
	if (e->radius_address[0]) {
		c.radius_address = e->radius_address;
		c.radius_port = e->radius_port;
		c.radius_secret = secret;
		r = radius_secret(d, secret, sizeof(secret), err);
	} else {
		r = write_authority(d, ca, &c.check_crl, &hash, err);
		if (r == 0)
			r = write_users(d, users, &hash, err);
		if (r == 0)
			r = hand_out(d, &c.cert, "server.pem", copies[0], err);
		if (r == 0)
			r = hand_out(d, &c.key, "server.key", copies[1], err);
		/* Another certificate behind the same path is another setting. */
		if (r == 0)
			r = append(&hash, c.cert, err);
	}
	if (r == 0)
		r = write_conf(d, p, &c, &hash, err);
	if (r < 0)
		return r;
	if (sk_buf_error(&hash))
		return sk_err_nomem(err);
	sk_sha256(sum, hash.data, hash.len);
	sk_hex(ret_hash, sum, sizeof(sum));
	return 0;
}
