/* SPDX-License-Identifier: GPL-2.0-or-later */
/* URLhaus: CSV; lists of URLs. */
#include "tests/fuzz/feed_drive.h"

FEED_FUZZER({"urlhaus-csv", NULL}, {"urls", NULL})
