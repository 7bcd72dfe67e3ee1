# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-events,mgmt/events,events.c append.c retention.c day.c flow.c reader.c rollup.c agg.c \
	sketch.c eve.c files.c sql.c \
	alert.c alert_read.c other.c,sk,sqlite3 libsodium))
$(eval $(call unit,events,tests/unit/events/test_store.c,mg-events))
$(eval $(call unit,alerts,tests/unit/events/test_alert.c,mg-events))
