/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STIX bundles and their patterns. */
#include "tests/fuzz/feed_drive.h"

FEED_FUZZER({"stix", NULL})
