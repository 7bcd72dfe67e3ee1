/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of names. */
#include "tests/fuzz/feed_drive.h"

FEED_FUZZER({"domains", NULL}, {"domains", "{\"suffix\":true}"})
