/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments and columns of the commands, by area; table.c puts them together. For this folder only.
 */
#ifndef MG_COMMAND_TABLE_H
#define MG_COMMAND_TABLE_H

#include "mgmt/command/command.h"

/* One positional record number; a reason that must be given. */
#define MG_ARG_NUMBER(en, ja)                                                                      \
	{                                                                                          \
		.name = "number", .type = MG_UINT, .required = true, .positional = true, .min = 1, \
		.max = 0xffffff, .help = {en, ja}, .meta = "N"                                     \
	}
#define MG_ARG_NUMBERS(en, ja)                                                                     \
	{                                                                                          \
		.name = "numbers", .type = MG_UINT, .required = true, .positional = true,          \
		.list = true, .min = 1, .max = 0xffffff, .help = {en, ja}, .meta = "N"             \
	}
#define MG_ARG_REASON(en, ja)                                                                      \
	{                                                                                          \
		.name = "reason", .type = MG_STRING, .required = true, .max = 1000,                \
		.help = {en, ja}, .meta = "TEXT"                                                   \
	}
#define MG_ARG_DRY_RUN                                                                             \
	{                                                                                          \
		.name = "dry_run", .type = MG_FLAG, .help = {                                      \
			"only check and show what would happen",                                   \
			"確認だけ行い、何も変更しない"                               \
		}                                                                                  \
	}
#define MG_ARG_NAME(en, ja)                                                                        \
	{                                                                                          \
		.name = "name", .type = MG_STRING, .required = true, .positional = true,           \
		.max = 127, .help = {en, ja}, .meta = "NAME"                                       \
	}

/* table_rule.c */
extern const struct mg_arg mg_a_rule_request[], mg_a_rule_number[], mg_a_rule_own[],
	mg_a_rule_list[], mg_a_rule_show[], mg_a_rule_approve[], mg_a_rule_return[],
	mg_a_rule_extend[], mg_a_rule_reason[], mg_a_rule_import[], mg_a_rule_export[],
	mg_a_review_start[], mg_a_review_show[], mg_a_review_finish[], mg_a_review_decide[];
extern const struct mg_column mg_c_rule[], mg_c_rule_history[], mg_c_rule_import[], mg_c_notice[],
	mg_c_review[], mg_c_review_item[];

/* table_object.c */
extern const struct mg_arg mg_a_object_set[], mg_a_object_remove[], mg_a_object_list[],
	mg_a_object_name[], mg_a_zone_set[], mg_a_zone_remove[], mg_a_zone_name[],
	mg_a_setting_set[], mg_a_change_list[], mg_a_change_number[], mg_a_change_approve[],
	mg_a_change_return[], mg_a_account_add[], mg_a_account_set[], mg_a_account_name[],
	mg_a_account_reason[], mg_a_account_review[], mg_a_site_import[];
/* table_setup.c */
extern const struct mg_arg mg_a_setup[], mg_a_setup_document[], mg_a_setup_check[],
	mg_a_setup_failed[];
extern const struct mg_column mg_c_object[], mg_c_zone[], mg_c_setting[], mg_c_change[],
	mg_c_account[];

/* table_guard.c */
extern const struct mg_arg mg_a_guard_release[], mg_a_guard_block[];
extern const struct mg_column mg_c_guard[];

/* table_blocklist.c */
extern const struct mg_arg mg_a_bl_list[], mg_a_bl_show[], mg_a_bl_name[], mg_a_bl_add[],
	mg_a_bl_reason[], mg_a_bl_mode[], mg_a_bl_update[], mg_a_bl_history[], mg_a_bl_test[],
	mg_a_bl_entry_add[], mg_a_bl_entry_remove[], mg_a_bl_entry_list[], mg_a_allow_list[],
	mg_a_allow_request[], mg_a_allow_number[], mg_a_allow_own[], mg_a_allow_reason[],
	mg_a_allow_approve[];
extern const struct mg_column mg_c_bl[], mg_c_bl_history[], mg_c_bl_test[], mg_c_bl_entry[],
	mg_c_allow[];

/* table_backup.c */
extern const struct mg_arg mg_a_backup_create[], mg_a_backup_list[], mg_a_backup_open[],
	mg_a_backup_restore[], mg_a_backup_restored[], mg_a_backup_key_new[], mg_a_backup_key_set[];
extern const struct mg_column mg_c_backup[];

/* table_device.c */
extern const struct mg_arg mg_a_device_request[], mg_a_device_list[], mg_a_device_number[],
	mg_a_device_own[], mg_a_device_reason[], mg_a_device_release[], mg_a_device_approve[],
	mg_a_device_import[], mg_a_device_export[], mg_a_device_seen[], mg_a_cert_issue[],
	mg_a_cert_renew[], mg_a_cert_revoke[], mg_a_cert_list[], mg_a_cert_init[], mg_a_port_mode[],
	mg_a_port_set[], mg_a_network_set[], mg_a_switch_set[], mg_a_item_remove[],
	mg_a_nac_explain[], mg_a_nac_mac[], mg_a_nac_events[], mg_a_report_admission[];
extern const struct mg_column mg_c_device[], mg_c_device_import[], mg_c_device_seen[], mg_c_cert[],
	mg_c_port[], mg_c_network[], mg_c_switch[], mg_c_nac_check[], mg_c_nac_event[],
	mg_c_report_admission[], mg_c_review_device[];

/* table_ips.c */
extern const struct mg_arg mg_a_ips_import[], mg_a_ips_list[], mg_a_ips_restore[], mg_a_ips_limit[],
	mg_a_ips_show[], mg_a_ips_profile[], mg_a_ips_trial[], mg_a_exception_request[],
	mg_a_exception_approve[], mg_a_exception_own[], mg_a_exception_number[],
	mg_a_exception_reason[], mg_a_exception_list[], mg_a_alert_list[], mg_a_alert_show[],
	mg_a_alert_report[];
extern const struct mg_column mg_c_ips_set[], mg_c_ips_rule[], mg_c_ips_trial[], mg_c_exception[],
	mg_c_alert[], mg_c_alert_sum[];

/* table_secret.c */
extern const struct mg_arg mg_a_secret_remove[], mg_a_secret_set[];
extern const struct mg_column mg_c_secret[];

/* table_update.c */
extern const struct mg_arg mg_a_system_reset[], mg_a_update_apply[], mg_a_update_rollback[],
	mg_a_update_source[];

/* table_system.c */
extern const struct mg_arg mg_a_apply[], mg_a_diff[], mg_a_explain[], mg_a_analyze[],
	mg_a_connections[], mg_a_report[], mg_a_report_blocked[], mg_a_infected[], mg_a_why[],
	mg_a_follow[], mg_a_audit[], mg_a_system_log[], mg_a_help[], mg_a_generate[];
extern const struct mg_column mg_c_diff[], mg_c_analyze[], mg_c_connections[], mg_c_report[],
	mg_c_infected[], mg_c_why[], mg_c_audit[], mg_c_system_log[], mg_c_audit_finding[];

#endif
