/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's entry: its own options, its exit status. */
#ifndef IPS_IPSD_SERVE_H
#define IPS_IPSD_SERVE_H

#include <stdio.h>

int ipsd_serve(int argc, char **argv);
void ipsd_serve_usage(FILE *f);

#endif
