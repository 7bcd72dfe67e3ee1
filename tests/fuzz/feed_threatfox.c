/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ThreatFox: CSV, JSON as export and from the API. */
#include "tests/fuzz/feed_drive.h"

FEED_FUZZER({"threatfox-csv", "{\"min_score\":60}"}, {"threatfox-json", "{\"min_score\":60}"})
