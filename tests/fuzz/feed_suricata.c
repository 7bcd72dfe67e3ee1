/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Suricata loads: IP reputation, datasets. */
#include "tests/fuzz/feed_drive.h"

FEED_FUZZER({"iprep", "{\"categories\":[1,2],\"min_score\":5}"},
	{"dataset", "{\"type\":\"string\",\"as\":\"domain\"}"},
	{"dataset", "{\"type\":\"string\",\"as\":\"url\"}"},
	{"dataset", "{\"type\":\"md5\",\"as\":\"ja3\"}"},
	{"dataset", "{\"type\":\"sha256\",\"as\":\"certificate\"}"},
	{"dataset", "{\"type\":\"ip\"}"})
