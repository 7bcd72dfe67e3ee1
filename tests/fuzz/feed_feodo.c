/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feodo Tracker: CSV, JSON. */
#include "tests/fuzz/feed_drive.h"

FEED_FUZZER({"feodo-csv", NULL}, {"feodo-json", NULL})
