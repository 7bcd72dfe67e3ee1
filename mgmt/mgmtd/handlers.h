/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handlers of the command table's operations, by area; handlers.c maps each op to its own. */
#ifndef MG_HANDLERS_H
#define MG_HANDLERS_H

#include <stdint.h>

#include "mgmt/mgmtd/call.h"

/* h_rule.c, h_rule_write.c */
mg_handler mg_h_rule_request, mg_h_rule_submit, mg_h_rule_withdraw, mg_h_rule_list, mg_h_rule_show,
	mg_h_rule_history, mg_h_rule_approve, mg_h_rule_return, mg_h_rule_extend, mg_h_rule_suspend,
	mg_h_rule_resume, mg_h_rule_remove, mg_h_notice_list;
/* h_import.c */
mg_handler mg_h_rule_import, mg_h_rule_export, mg_h_site_import;
/* h_setup.c */
mg_handler mg_h_setup_apply, mg_h_setup_check, mg_h_setup_confirm, mg_h_setup_revert,
	mg_h_setup_failed, mg_h_setup_show, mg_h_setup_state;
/* h_secret.c */
mg_handler mg_h_secret_list, mg_h_secret_remove, mg_h_secret_set;
/* h_change.c */
mg_handler mg_h_object_set, mg_h_object_remove, mg_h_object_list, mg_h_object_show,
	mg_h_object_history, mg_h_zone_set, mg_h_zone_remove, mg_h_zone_list, mg_h_zone_show,
	mg_h_setting_list, mg_h_setting_set, mg_h_change_list, mg_h_change_show,
	mg_h_change_approve, mg_h_change_return;
/* h_account.c */
mg_handler mg_h_account_add, mg_h_account_list, mg_h_account_show, mg_h_account_set,
	mg_h_account_review, mg_h_account_disable, mg_h_account_enable;
/* h_review.c */
mg_handler mg_h_review_start, mg_h_review_list, mg_h_review_show, mg_h_review_decide,
	mg_h_review_finish, mg_h_review_export;
/* h_audit.c */
mg_handler mg_h_audit_list, mg_h_audit_verify;
/* h_apply.c */
mg_handler mg_h_apply, mg_h_confirm, mg_h_rollback;
/* h_diff.c */
mg_handler mg_h_diff, mg_h_policy_show;
/* h_analyze.c */
mg_handler mg_h_analyze, mg_h_explain;
/* h_status.c */
mg_handler mg_h_status, mg_h_connections_list;
/* h_report.c, h_why.c */
mg_handler mg_h_report_blocked, mg_h_report_allowed, mg_h_report_infected, mg_h_why;
/* h_guard.c */
mg_handler mg_h_guard_list, mg_h_guard_release, mg_h_guard_block;
/* h_ips.c, h_ips_import.c */
mg_handler mg_h_ips_rules_import, mg_h_ips_rules_restore, mg_h_ips_rules_list,
	mg_h_ips_rules_refused, mg_h_ips_rules_show, mg_h_ips_profile_set, mg_h_ips_status,
	mg_h_ips_trial;
/* h_exception.c */
mg_handler mg_h_ips_exception_request, mg_h_ips_exception_approve, mg_h_ips_exception_return,
	mg_h_ips_exception_withdraw, mg_h_ips_exception_remove, mg_h_ips_exception_list,
	mg_h_ips_exception_show, mg_h_ips_exception_history;
/* h_blocklist.c, h_blockedit.c, h_allow.c */
mg_handler mg_h_blocklist_list, mg_h_blocklist_show, mg_h_blocklist_add, mg_h_blocklist_remove,
	mg_h_blocklist_enable, mg_h_blocklist_disable, mg_h_blocklist_mode, mg_h_blocklist_update,
	mg_h_blocklist_history, mg_h_blocklist_test, mg_h_blocklist_entry_add,
	mg_h_blocklist_entry_remove, mg_h_blocklist_entry_list, mg_h_blocklist_allow_list,
	mg_h_blocklist_allow_show, mg_h_blocklist_allow_request, mg_h_blocklist_allow_approve,
	mg_h_blocklist_allow_return, mg_h_blocklist_allow_withdraw, mg_h_blocklist_allow_remove,
	mg_h_blocklist_allow_history;
/* h_device.c, h_devcsv.c, h_devcert.c, h_port.c, h_nac.c, h_admission.c, h_review.c */
mg_handler mg_h_device_approve, mg_h_device_authority_init, mg_h_device_authority_show,
	mg_h_device_certificate_issue, mg_h_device_certificate_list, mg_h_device_certificate_renew,
	mg_h_device_certificate_revoke, mg_h_device_export, mg_h_device_history, mg_h_device_import,
	mg_h_device_list, mg_h_device_quarantine, mg_h_device_release, mg_h_device_remove,
	mg_h_device_request, mg_h_device_return, mg_h_device_review, mg_h_device_revoke,
	mg_h_device_seen, mg_h_device_show, mg_h_device_withdraw, mg_h_nac_close, mg_h_nac_events,
	mg_h_nac_explain, mg_h_nac_reauth, mg_h_nac_status, mg_h_network_list, mg_h_network_remove,
	mg_h_network_set, mg_h_port_list, mg_h_port_mode, mg_h_port_remove, mg_h_port_set,
	mg_h_report_admission, mg_h_switch_list, mg_h_switch_remove, mg_h_switch_set;
/* h_alert.c */
mg_handler mg_h_alert_list, mg_h_alert_show, mg_h_report_alerts;
/* h_journal.c, h_update.c */
mg_handler mg_h_system_log, mg_h_system_poweroff, mg_h_system_reboot, mg_h_system_reset,
	mg_h_update_apply, mg_h_update_check, mg_h_update_rollback, mg_h_update_source,
	mg_h_update_status;
/* h_events.c, h_notify.c */
mg_handler mg_h_events_follow, mg_h_events_stat, mg_h_notify_test;

/* The handler of an operation, NULL if there is none. */
mg_handler *mg_handler_find(const char *op);

/* h_backup.c */
mg_handler mg_h_backup_create, mg_h_backup_list, mg_h_backup_verify, mg_h_backup_drill,
	mg_h_backup_restore, mg_h_backup_restored, mg_h_backup_key_new, mg_h_backup_key_set,
	mg_h_backup_key_show, mg_h_backup_status;

#endif
