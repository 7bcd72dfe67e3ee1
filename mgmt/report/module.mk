$(eval $(call module,mg-report,mgmt/report,report.c query.c plan.c count.c rows.c,mg-events sk,sqlite3))
