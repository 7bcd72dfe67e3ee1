$(eval $(call module,mg-events,mgmt/events,events.c day.c rollup.c eve.c retention.c,sk,sqlite3))
