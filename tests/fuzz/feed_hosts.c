/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts files. */
#include "tests/fuzz/feed_drive.h"

FEED_FUZZER({"hosts", NULL}, {"hosts", "{\"suffix\":true}"})
