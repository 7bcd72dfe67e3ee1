/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spamhaus DROP: text, JSON lines. */
#include "tests/fuzz/feed_drive.h"

FEED_FUZZER({"spamhaus-drop", NULL}, {"spamhaus-drop-json", NULL})
