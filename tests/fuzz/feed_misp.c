/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MISP events. */
#include "tests/fuzz/feed_drive.h"

FEED_FUZZER({"misp", NULL})
