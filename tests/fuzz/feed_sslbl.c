/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SSLBL: JA3, certificates, addresses. */
#include "tests/fuzz/feed_drive.h"

FEED_FUZZER({"sslbl-ja3-csv", NULL}, {"sslbl-cert-csv", NULL}, {"sslbl-ip-csv", NULL})
