$(eval $(call module,mg-report,mgmt/report,report.c,mg-events sk,sqlite3))
