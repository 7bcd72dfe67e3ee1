/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon was started with: from main.c, for the daemon and its forked children. */
#ifndef MG_OPTS_H
#define MG_OPTS_H

#include <stdbool.h>

#include "mgmt/radius/radius.h"

struct mg_daemon_opts {
	const char *state_dir, *run_dir, *fwd_socket, *ips_socket, *feed_socket, *eve_path;
	const char *nac_socket;
	const char *rules_dir;    /* imported rule sets, where ipsd may read them */
	const char *profiles_dir; /* configs/ips as installed */
	const char *feeds_dir;    /* configs/feeds likewise */
	const char *geoip_dir;    /* of *.mmdb; NULL: the usual places */
	const char *secrets;      /* file with the passwords of notification, may be missing */
	const char *user;         /* NULL: as started */
	struct mg_radius_files radius;
	bool no_seccomp;
};

#endif
