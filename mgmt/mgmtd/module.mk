$(eval $(call program,sekisho-mgmtd,mgmt/mgmtd,main.c daemon.c call.c handlers.c fwclient.c ingest.c \
	schedule.c reconcile.c h_common.c h_rule.c h_rule_write.c h_import.c h_site.c h_change.c h_object.c h_account.c h_review.c h_audit.c h_apply.c \
	h_analyze.c h_status.c h_report.c h_events.c,mg-store mg-workflow mg-command mg-events mg-report \
	fw-policy fw-registry sk,,$(PREFIX)/sbin))
