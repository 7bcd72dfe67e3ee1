/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of addresses. */
#include "tests/fuzz/feed_drive.h"

FEED_FUZZER({"addresses", NULL})
