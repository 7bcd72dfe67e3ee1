// SPDX-License-Identifier: GPL-2.0-or-later
/* Which handler answers which operation. A unit test compares this list with the command table. */
#include "mgmt/mgmtd/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

struct handler {
	const char *op;
	mg_handler *fn;
};

/* Sorted by op. */
static const struct handler handlers[] = {
	{"account.add", mg_h_account_add},
	{"account.disable", mg_h_account_disable},
	{"account.enable", mg_h_account_enable},
	{"account.list", mg_h_account_list},
	{"account.review", mg_h_account_review},
	{"account.set", mg_h_account_set},
	{"account.show", mg_h_account_show},
	{"alert.list", mg_h_alert_list},
	{"alert.show", mg_h_alert_show},
	{"analyze", mg_h_analyze},
	{"apply", mg_h_apply},
	{"audit.list", mg_h_audit_list},
	{"audit.verify", mg_h_audit_verify},
	{"blocklist.add", mg_h_blocklist_add},
	{"blocklist.allow.approve", mg_h_blocklist_allow_approve},
	{"blocklist.allow.history", mg_h_blocklist_allow_history},
	{"blocklist.allow.list", mg_h_blocklist_allow_list},
	{"blocklist.allow.remove", mg_h_blocklist_allow_remove},
	{"blocklist.allow.request", mg_h_blocklist_allow_request},
	{"blocklist.allow.return", mg_h_blocklist_allow_return},
	{"blocklist.allow.show", mg_h_blocklist_allow_show},
	{"blocklist.allow.withdraw", mg_h_blocklist_allow_withdraw},
	{"blocklist.disable", mg_h_blocklist_disable},
	{"blocklist.enable", mg_h_blocklist_enable},
	{"blocklist.entry.add", mg_h_blocklist_entry_add},
	{"blocklist.entry.list", mg_h_blocklist_entry_list},
	{"blocklist.entry.remove", mg_h_blocklist_entry_remove},
	{"blocklist.history", mg_h_blocklist_history},
	{"blocklist.list", mg_h_blocklist_list},
	{"blocklist.mode", mg_h_blocklist_mode},
	{"blocklist.remove", mg_h_blocklist_remove},
	{"blocklist.show", mg_h_blocklist_show},
	{"blocklist.test", mg_h_blocklist_test},
	{"blocklist.update", mg_h_blocklist_update},
	{"change.approve", mg_h_change_approve},
	{"change.list", mg_h_change_list},
	{"change.return", mg_h_change_return},
	{"change.show", mg_h_change_show},
	{"confirm", mg_h_confirm},
	{"connections.list", mg_h_connections_list},
	{"diff", mg_h_diff},
	{"events.follow", mg_h_events_follow},
	{"events.stat", mg_h_events_stat},
	{"explain", mg_h_explain},
	{"guard.block", mg_h_guard_block},
	{"guard.list", mg_h_guard_list},
	{"guard.release", mg_h_guard_release},
	{"ips.exception.approve", mg_h_ips_exception_approve},
	{"ips.exception.history", mg_h_ips_exception_history},
	{"ips.exception.list", mg_h_ips_exception_list},
	{"ips.exception.remove", mg_h_ips_exception_remove},
	{"ips.exception.request", mg_h_ips_exception_request},
	{"ips.exception.return", mg_h_ips_exception_return},
	{"ips.exception.show", mg_h_ips_exception_show},
	{"ips.exception.withdraw", mg_h_ips_exception_withdraw},
	{"ips.profile.set", mg_h_ips_profile_set},
	{"ips.rules.import", mg_h_ips_rules_import},
	{"ips.rules.list", mg_h_ips_rules_list},
	{"ips.rules.refused", mg_h_ips_rules_refused},
	{"ips.rules.restore", mg_h_ips_rules_restore},
	{"ips.rules.show", mg_h_ips_rules_show},
	{"ips.status", mg_h_ips_status},
	{"ips.trial", mg_h_ips_trial},
	{"notice.list", mg_h_notice_list},
	{"notify.test", mg_h_notify_test},
	{"object.history", mg_h_object_history},
	{"object.list", mg_h_object_list},
	{"object.remove", mg_h_object_remove},
	{"object.set", mg_h_object_set},
	{"object.show", mg_h_object_show},
	{"policy.show", mg_h_policy_show},
	{"report.alerts", mg_h_report_alerts},
	{"report.allowed", mg_h_report_allowed},
	{"report.blocked", mg_h_report_blocked},
	{"report.infected", mg_h_report_infected},
	{"review.decide", mg_h_review_decide},
	{"review.export", mg_h_review_export},
	{"review.finish", mg_h_review_finish},
	{"review.list", mg_h_review_list},
	{"review.show", mg_h_review_show},
	{"review.start", mg_h_review_start},
	{"rollback", mg_h_rollback},
	{"rule.approve", mg_h_rule_approve},
	{"rule.export", mg_h_rule_export},
	{"rule.extend", mg_h_rule_extend},
	{"rule.history", mg_h_rule_history},
	{"rule.import", mg_h_rule_import},
	{"rule.list", mg_h_rule_list},
	{"rule.remove", mg_h_rule_remove},
	{"rule.request", mg_h_rule_request},
	{"rule.resume", mg_h_rule_resume},
	{"rule.return", mg_h_rule_return},
	{"rule.show", mg_h_rule_show},
	{"rule.submit", mg_h_rule_submit},
	{"rule.suspend", mg_h_rule_suspend},
	{"rule.withdraw", mg_h_rule_withdraw},
	{"setting.list", mg_h_setting_list},
	{"setting.set", mg_h_setting_set},
	{"site.import", mg_h_site_import},
	{"status", mg_h_status},
	{"why", mg_h_why},
	{"zone.list", mg_h_zone_list},
	{"zone.remove", mg_h_zone_remove},
	{"zone.set", mg_h_zone_set},
	{"zone.show", mg_h_zone_show},
};

static int compare(const void *key, const void *entry)
{
	return strcmp(key, ((const struct handler *)entry)->op);
}

mg_handler *mg_handler_find(const char *op)
{
	const struct handler *h =
		bsearch(op, handlers, SK_ARRAY_SIZE(handlers), sizeof(handlers[0]), compare);

	return h ? h->fn : NULL;
}
