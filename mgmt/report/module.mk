# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-report,mgmt/report,report.c query.c plan.c count.c rows.c names.c infected.c,mg-events mg-command sk,sqlite3 libsodium))
$(eval $(call unit,report,tests/unit/events/test_report.c,mg-report))
$(eval $(call unit,listed,tests/unit/events/test_listed.c,mg-report))
