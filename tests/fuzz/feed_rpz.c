/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Response policy zones. */
#include "tests/fuzz/feed_drive.h"

FEED_FUZZER({"rpz", NULL})
