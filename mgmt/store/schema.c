/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables, and the rules the database itself enforces whoever writes to it: nothing is deleted,
 * what was asked for is never rewritten, nobody approves what they asked for. A newer schema is
 * refused; an older one is migrated step by step inside one transaction.
 */
#include <errno.h>
#include <string.h>

#include "mgmt/store/db.h"
#include "mgmt/store/older.h"

static const char accounts[] =
	"CREATE TABLE account ("
	" name TEXT PRIMARY KEY NOT NULL, display TEXT NOT NULL, mail TEXT NOT NULL DEFAULT '',"
	" uid INTEGER UNIQUE CHECK (uid > 0), roles INTEGER NOT NULL CHECK (roles BETWEEN 0 AND "
	"31),"
	" enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),"
	" created INTEGER NOT NULL, reviewed INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE TRIGGER account_keep BEFORE DELETE ON account BEGIN"
	" SELECT RAISE(ABORT, 'accounts are disabled, never deleted'); END;"
	"CREATE TRIGGER account_name BEFORE UPDATE ON account"
	" WHEN NEW.name IS NOT OLD.name OR NEW.created IS NOT OLD.created BEGIN"
	" SELECT RAISE(ABORT, 'an account keeps its name'); END;";

static const char rules[] =
	"CREATE TABLE rule ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT CHECK (number BETWEEN 1001 AND 16777215),"
	" last_hit INTEGER NOT NULL DEFAULT 0, packets INTEGER NOT NULL DEFAULT 0,"
	" bytes INTEGER NOT NULL DEFAULT 0, last_reviewed INTEGER NOT NULL DEFAULT 0) STRICT;"
	"INSERT INTO sqlite_sequence(name, seq) VALUES ('rule', 1000);"
	"CREATE TABLE rule_rev ("
	" number INTEGER NOT NULL REFERENCES rule(number), revision INTEGER NOT NULL CHECK "
	"(revision > 0),"
	" intent TEXT NOT NULL CHECK (intent IN ('new','change','extend','remove','import')),"
	" state TEXT NOT NULL CHECK (state IN ('draft','requested','returned','approved','active',"
	"  'suspended','expired','removed','superseded')),"
	" ord INTEGER NOT NULL, kind TEXT NOT NULL, log INTEGER NOT NULL CHECK (log IN (0, 1)),"
	" applicant TEXT NOT NULL REFERENCES account(name), source TEXT NOT NULL,"
	" destination TEXT NOT NULL, zone_from TEXT NOT NULL, zone_to TEXT NOT NULL,"
	" protocol TEXT NOT NULL, port TEXT NOT NULL, purpose TEXT NOT NULL,"
	" registered INTEGER NOT NULL, expiry INTEGER NOT NULL, nat_to TEXT, partner TEXT, ticket "
	"TEXT,"
	" reason TEXT, requested_at INTEGER NOT NULL,"
	" approver TEXT REFERENCES account(name), approved_at INTEGER,"
	" decided_by TEXT, decided_at INTEGER, comment TEXT, note TEXT, superseded_at INTEGER,"
	" PRIMARY KEY (number, revision)) STRICT;"
	"CREATE INDEX rule_rev_state ON rule_rev(state, number);"
	"CREATE UNIQUE INDEX rule_rev_open ON rule_rev(number)"
	" WHERE state IN ('draft','requested','returned');"
	"CREATE UNIQUE INDEX rule_rev_active ON rule_rev(number) WHERE state = 'active';";

static const char rule_triggers[] =
	"CREATE TRIGGER rule_keep BEFORE DELETE ON rule BEGIN"
	" SELECT RAISE(ABORT, 'rule numbers are never given up'); END;"
	"CREATE TRIGGER rule_number BEFORE UPDATE OF number ON rule BEGIN"
	" SELECT RAISE(ABORT, 'a rule keeps its number'); END;"
	"CREATE TRIGGER rule_rev_keep BEFORE DELETE ON rule_rev BEGIN"
	" SELECT RAISE(ABORT, 'revisions are never deleted'); END;"
	"CREATE TRIGGER rule_rev_new BEFORE INSERT ON rule_rev"
	" WHEN NEW.state NOT IN ('draft','requested') OR NEW.approver IS NOT NULL"
	"  OR NEW.approved_at IS NOT NULL BEGIN"
	" SELECT RAISE(ABORT, 'a revision begins as a draft or a request'); END;"
	"CREATE TRIGGER rule_rev_replace BEFORE INSERT ON rule_rev"
	" WHEN EXISTS (SELECT 1 FROM rule_rev WHERE number = NEW.number AND revision >= "
	"NEW.revision)"
	" BEGIN SELECT RAISE(ABORT, 'a revision follows the last one'); END;"
	"CREATE TRIGGER rule_rev_content BEFORE UPDATE ON rule_rev"
	" WHEN (NEW.number, NEW.revision, NEW.intent, NEW.ord, NEW.kind, NEW.log, NEW.applicant,"
	"  NEW.source, NEW.destination, NEW.zone_from, NEW.zone_to, NEW.protocol, NEW.port,"
	"  NEW.purpose, NEW.registered, NEW.expiry, NEW.nat_to, NEW.partner, NEW.ticket, "
	"NEW.reason)"
	"  IS NOT (OLD.number, OLD.revision, OLD.intent, OLD.ord, OLD.kind, OLD.log, OLD.applicant,"
	"  OLD.source, OLD.destination, OLD.zone_from, OLD.zone_to, OLD.protocol, OLD.port,"
	"  OLD.purpose, OLD.registered, OLD.expiry, OLD.nat_to, OLD.partner, OLD.ticket, "
	"OLD.reason)"
	" BEGIN SELECT RAISE(ABORT, 'a revision is never rewritten'); END;"
	"CREATE TRIGGER rule_rev_step BEFORE UPDATE OF state ON rule_rev"
	" WHEN NEW.state IS NOT OLD.state AND (OLD.state || '>' || NEW.state) NOT IN ("
	"  'draft>requested','draft>superseded','draft>removed',"
	"  'requested>returned','requested>approved','requested>draft','requested>removed',"
	"  'returned>requested','returned>superseded','returned>removed',"
	"  'approved>active','approved>suspended','approved>expired','approved>removed',"
	"  'approved>superseded','active>suspended','active>expired','active>removed',"
	"  'active>superseded','suspended>approved','suspended>expired','suspended>removed',"
	"  'suspended>superseded','expired>removed','expired>superseded')"
	" BEGIN SELECT RAISE(ABORT, 'no such step in the life of a rule'); END;"
	"CREATE TRIGGER rule_rev_approver BEFORE UPDATE ON rule_rev"
	" WHEN (NEW.approver IS NOT OLD.approver OR NEW.approved_at IS NOT OLD.approved_at)"
	"  AND NOT (OLD.state = 'requested' AND NEW.state = 'approved')"
	" BEGIN SELECT RAISE(ABORT, 'an approval is never rewritten'); END;"
	"CREATE TRIGGER rule_rev_approve BEFORE UPDATE ON rule_rev"
	" WHEN OLD.state = 'requested' AND NEW.state = 'approved' AND (NEW.approver IS NULL"
	"  OR coalesce(NEW.approved_at, 0) <= 0 OR NEW.approver = NEW.applicant COLLATE NOCASE"
	"  OR NOT EXISTS (SELECT 1 FROM account WHERE name = NEW.approver AND enabled = 1"
	"   AND (roles & 2) <> 0))"
	" BEGIN SELECT RAISE(ABORT, 'only an approver who did not ask for it approves'); END;";

static const char changes[] =
	"CREATE TABLE change ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" kind TEXT NOT NULL CHECK (kind IN ('address','service','zone','setting',"
	"'account')),"
	" name TEXT NOT NULL, value TEXT, before TEXT, base INTEGER NOT NULL,"
	" state TEXT NOT NULL CHECK (state IN "
	"('requested','returned','approved','active','superseded')),"
	" initial INTEGER NOT NULL DEFAULT 0 CHECK (initial IN (0, 1)),"
	" applicant TEXT NOT NULL, purpose TEXT NOT NULL, requested_at INTEGER NOT NULL,"
	" approver TEXT REFERENCES account(name), decided_by TEXT, decided_at INTEGER, comment "
	"TEXT,"
	" active_at INTEGER) STRICT;"
	"CREATE INDEX change_target ON change(kind, name, state);"
	"CREATE TRIGGER change_keep BEFORE DELETE ON change BEGIN"
	" SELECT RAISE(ABORT, 'changes are never deleted'); END;"
	"CREATE TRIGGER change_new BEFORE INSERT ON change"
	" WHEN NEW.approver IS NOT NULL OR NOT (NEW.state = 'requested' OR (NEW.initial = 1"
	"  AND NEW.state = 'active' AND NOT EXISTS (SELECT 1 FROM generation)))"
	" BEGIN SELECT RAISE(ABORT, 'a change begins as a request'); END;"
	"CREATE TRIGGER change_replace BEFORE INSERT ON change"
	" WHEN EXISTS (SELECT 1 FROM change WHERE number = NEW.number) BEGIN"
	" SELECT RAISE(ABORT, 'a change is never rewritten'); END;"
	"CREATE TRIGGER change_content BEFORE UPDATE ON change"
	" WHEN (NEW.number, NEW.kind, NEW.name, NEW.value, NEW.before, NEW.base, NEW.initial,"
	"  NEW.applicant, NEW.purpose, NEW.requested_at) IS NOT (OLD.number, OLD.kind, OLD.name,"
	"  OLD.value, OLD.before, OLD.base, OLD.initial, OLD.applicant, OLD.purpose, "
	"OLD.requested_at)"
	" BEGIN SELECT RAISE(ABORT, 'a change is never rewritten'); END;"
	"CREATE TRIGGER change_step BEFORE UPDATE OF state ON change"
	" WHEN NEW.state IS NOT OLD.state AND (OLD.state || '>' || NEW.state) NOT IN ("
	"  'requested>returned','requested>approved','approved>active','approved>superseded',"
	"  'active>superseded')"
	" BEGIN SELECT RAISE(ABORT, 'no such step in the life of a change'); END;"
	"CREATE TRIGGER change_approver BEFORE UPDATE ON change"
	" WHEN NEW.approver IS NOT OLD.approver"
	"  AND NOT (OLD.state = 'requested' AND NEW.state = 'approved')"
	" BEGIN SELECT RAISE(ABORT, 'an approval is never rewritten'); END;"
	"CREATE TRIGGER change_approve BEFORE UPDATE ON change"
	" WHEN OLD.state = 'requested' AND NEW.state = 'approved' AND (NEW.approver IS NULL"
	"  OR NEW.approver = NEW.applicant COLLATE NOCASE OR NOT EXISTS (SELECT 1 FROM account"
	"   WHERE name = NEW.approver AND enabled = 1 AND (roles & 2) <> 0))"
	" BEGIN SELECT RAISE(ABORT, 'only an approver who did not ask for it approves'); END;";

static const char generations[] =
	"CREATE TABLE generation ("
	" generation INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL, kind TEXT NOT NULL,"
	" created_by TEXT NOT NULL, created INTEGER NOT NULL, decided INTEGER NOT NULL DEFAULT 0,"
	" state TEXT NOT NULL CHECK (state IN ('sent','trial','confirmed','rolled-back','failed')),"
	" rules INTEGER NOT NULL, removals INTEGER NOT NULL, changes INTEGER NOT NULL,"
	" message TEXT NOT NULL DEFAULT '') STRICT;"
	"CREATE TABLE generation_rule ("
	" generation INTEGER NOT NULL REFERENCES generation(generation), number INTEGER NOT NULL,"
	" revision INTEGER NOT NULL, removal INTEGER NOT NULL, PRIMARY KEY (generation, number),"
	" FOREIGN KEY (number, revision) REFERENCES rule_rev(number, revision)) STRICT, WITHOUT "
	"ROWID;"
	"CREATE TABLE generation_change ("
	" generation INTEGER NOT NULL REFERENCES generation(generation),"
	" change INTEGER NOT NULL REFERENCES change(number),"
	" PRIMARY KEY (generation, change)) STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER generation_keep BEFORE DELETE ON generation BEGIN"
	" SELECT RAISE(ABORT, 'generations are never deleted'); END;"
	"CREATE TRIGGER generation_rule_keep BEFORE DELETE ON generation_rule BEGIN"
	" SELECT RAISE(ABORT, 'what a generation contained is never deleted'); END;"
	"CREATE TRIGGER generation_rule_content BEFORE UPDATE ON generation_rule BEGIN"
	" SELECT RAISE(ABORT, 'what a generation contained is never rewritten'); END;"
	"CREATE TRIGGER generation_change_keep BEFORE DELETE ON generation_change BEGIN"
	" SELECT RAISE(ABORT, 'what a generation contained is never deleted'); END;";

static const char reviews[] =
	"CREATE TABLE review ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, started INTEGER NOT NULL,"
	" started_by TEXT NOT NULL, due INTEGER NOT NULL, finished INTEGER NOT NULL DEFAULT 0,"
	" finished_by TEXT REFERENCES account(name)) STRICT;"
	"CREATE TABLE review_item ("
	" review INTEGER NOT NULL REFERENCES review(number), rule INTEGER NOT NULL,"
	" revision INTEGER NOT NULL, builtin INTEGER NOT NULL, record TEXT NOT NULL,"
	" applicant TEXT, decision TEXT CHECK (decision IN ('keep','change','remove','certified')),"
	" reviewer TEXT, decided_at INTEGER, reason TEXT, expiry INTEGER NOT NULL DEFAULT 0,"
	" result INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (review, rule)) STRICT;"
	"CREATE TRIGGER review_keep BEFORE DELETE ON review BEGIN"
	" SELECT RAISE(ABORT, 'reviews are never deleted'); END;"
	"CREATE TRIGGER review_done BEFORE UPDATE ON review WHEN OLD.finished <> 0 BEGIN"
	" SELECT RAISE(ABORT, 'a finished review is never rewritten'); END;"
	"CREATE TRIGGER review_item_keep BEFORE DELETE ON review_item BEGIN"
	" SELECT RAISE(ABORT, 'reviews are never deleted'); END;"
	"CREATE TRIGGER review_item_content BEFORE UPDATE ON review_item"
	" WHEN (NEW.review, NEW.rule, NEW.revision, NEW.builtin, NEW.record, NEW.applicant) IS NOT"
	"  (OLD.review, OLD.rule, OLD.revision, OLD.builtin, OLD.record, OLD.applicant)"
	"  OR (SELECT finished FROM review WHERE number = OLD.review) <> 0 BEGIN"
	" SELECT RAISE(ABORT, 'what was reviewed is never rewritten'); END;"
	"CREATE TRIGGER review_item_reviewer BEFORE UPDATE ON review_item"
	" WHEN NEW.reviewer = OLD.applicant COLLATE NOCASE BEGIN"
	" SELECT RAISE(ABORT, 'nobody reviews what they applied for'); END;"
	"CREATE TABLE notice ("
	" number INTEGER NOT NULL REFERENCES rule(number), expiry INTEGER NOT NULL,"
	" days INTEGER NOT NULL, account TEXT NOT NULL, created INTEGER NOT NULL,"
	" PRIMARY KEY (number, expiry, days, account)) STRICT, WITHOUT ROWID;";

/* first: the first audit number of the same commit, see audit.c. */
static const char audit[] =
	"CREATE TABLE audit ("
	" seq INTEGER PRIMARY KEY, first INTEGER NOT NULL, time INTEGER NOT NULL, account TEXT NOT "
	"NULL,"
	" uid INTEGER NOT NULL, pid INTEGER NOT NULL, op TEXT NOT NULL, target TEXT NOT NULL,"
	" before TEXT, after TEXT, result TEXT NOT NULL, mac BLOB NOT NULL) STRICT;"
	"CREATE TRIGGER audit_keep BEFORE DELETE ON audit BEGIN"
	" SELECT RAISE(ABORT, 'the audit log is never deleted'); END;"
	"CREATE TRIGGER audit_content BEFORE UPDATE ON audit BEGIN"
	" SELECT RAISE(ABORT, 'the audit log is never rewritten'); END;";

/* Exceptions of the inspection share the numbers of the rules; rule sets are files beside it. */
static const char inspection[] =
	"CREATE TABLE exception_rev ("
	" number INTEGER NOT NULL REFERENCES rule(number), revision INTEGER NOT NULL CHECK "
	"(revision > 0),"
	" intent TEXT NOT NULL CHECK (intent IN ('new','change','extend','remove')),"
	" state TEXT NOT NULL CHECK (state IN ('requested','returned','active','expired','removed',"
	"  'superseded')),"
	" gid INTEGER NOT NULL CHECK (gid >= 0), sid INTEGER NOT NULL CHECK (sid >= 0),"
	" source TEXT NOT NULL, destination TEXT NOT NULL,"
	" action TEXT NOT NULL CHECK (action IN ('ignore','alert','drop','reject')),"
	" applicant TEXT NOT NULL REFERENCES account(name), purpose TEXT NOT NULL, reason TEXT,"
	" registered INTEGER NOT NULL, expiry INTEGER NOT NULL, requested_at INTEGER NOT NULL,"
	" approver TEXT REFERENCES account(name), approved_at INTEGER, decided_by TEXT,"
	" decided_at INTEGER, comment TEXT, PRIMARY KEY (number, revision),"
	" CHECK (sid > 0 OR source <> 'any' OR destination <> 'any')) STRICT;"
	"CREATE UNIQUE INDEX exception_open ON exception_rev(number) WHERE state = 'requested';"
	"CREATE UNIQUE INDEX exception_active ON exception_rev(number) WHERE state = 'active';"
	"CREATE TABLE ips_set ("
	" version INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL, name TEXT NOT NULL,"
	" imported_by TEXT NOT NULL, imported_at INTEGER NOT NULL, rules INTEGER NOT NULL,"
	" fresh INTEGER NOT NULL, trial_until INTEGER NOT NULL, files TEXT NOT NULL,"
	" state TEXT NOT NULL CHECK (state IN ('active','kept','deleted'))) STRICT;"
	"CREATE UNIQUE INDEX ips_set_active ON ips_set(state) WHERE state = 'active';";

static const char inspection_triggers[] =
	"CREATE TRIGGER exception_keep BEFORE DELETE ON exception_rev BEGIN"
	" SELECT RAISE(ABORT, 'revisions are never deleted'); END;"
	"CREATE TRIGGER exception_new BEFORE INSERT ON exception_rev"
	" WHEN NEW.state <> 'requested' OR NEW.approver IS NOT NULL OR NEW.approved_at IS NOT NULL"
	"  OR EXISTS (SELECT 1 FROM exception_rev WHERE number = NEW.number"
	"   AND revision >= NEW.revision)"
	"  OR EXISTS (SELECT 1 FROM rule_rev WHERE number = NEW.number) BEGIN"
	" SELECT RAISE(ABORT, 'an exception begins as a request'); END;"
	"CREATE TRIGGER exception_content BEFORE UPDATE ON exception_rev"
	" WHEN (NEW.number, NEW.revision, NEW.intent, NEW.gid, NEW.sid, NEW.source,"
	"  NEW.destination, NEW.action, NEW.applicant, NEW.purpose, NEW.reason, NEW.registered,"
	"  NEW.expiry, NEW.requested_at) IS NOT (OLD.number, OLD.revision, OLD.intent, OLD.gid,"
	"  OLD.sid, OLD.source, OLD.destination, OLD.action, OLD.applicant, OLD.purpose,"
	"  OLD.reason, OLD.registered, OLD.expiry, OLD.requested_at)"
	" BEGIN SELECT RAISE(ABORT, 'a revision is never rewritten'); END;"
	"CREATE TRIGGER exception_step BEFORE UPDATE OF state ON exception_rev"
	" WHEN NEW.state IS NOT OLD.state AND (OLD.state || '>' || NEW.state) NOT IN ("
	"  'requested>returned','requested>active','requested>removed','requested>superseded',"
	"  'active>expired','active>removed','active>superseded')"
	" BEGIN SELECT RAISE(ABORT, 'no such step in the life of an exception'); END;"
	"CREATE TRIGGER exception_approver BEFORE UPDATE ON exception_rev"
	" WHEN (NEW.approver IS NOT OLD.approver OR NEW.approved_at IS NOT OLD.approved_at)"
	"  AND NOT (OLD.state = 'requested' AND NEW.state IN ('active', 'removed'))"
	" BEGIN SELECT RAISE(ABORT, 'an approval is never rewritten'); END;"
	"CREATE TRIGGER exception_approve BEFORE UPDATE ON exception_rev"
	" WHEN OLD.state = 'requested' AND (NEW.state = 'active'"
	"   OR (NEW.state = 'removed' AND NEW.approver IS NOT NULL)) AND (NEW.approver IS NULL"
	"  OR coalesce(NEW.approved_at, 0) <= 0 OR NEW.approver = NEW.applicant COLLATE NOCASE"
	"  OR NOT EXISTS (SELECT 1 FROM account WHERE name = NEW.approver AND enabled = 1"
	"   AND (roles & 2) <> 0))"
	" BEGIN SELECT RAISE(ABORT, 'only an approver who did not ask for it approves'); END;"
	"CREATE TRIGGER ips_set_keep BEFORE DELETE ON ips_set BEGIN"
	" SELECT RAISE(ABORT, 'the list of rule sets is never deleted'); END;"
	"CREATE TRIGGER ips_set_content BEFORE UPDATE ON ips_set"
	" WHEN (NEW.version, NEW.sha256, NEW.name, NEW.imported_by, NEW.imported_at, NEW.rules,"
	"  NEW.fresh, NEW.trial_until, NEW.files) IS NOT (OLD.version, OLD.sha256, OLD.name,"
	"  OLD.imported_by, OLD.imported_at, OLD.rules, OLD.fresh, OLD.trial_until, OLD.files)"
	"  OR (OLD.state = 'deleted' AND NEW.state <> 'deleted')"
	" BEGIN SELECT RAISE(ABORT, 'a rule set is never rewritten'); END;";

/* Blocklists: the feeds and how their last fetch went, the site's own entries, the allow-list,
 * whose records share the numbers of the rules. The lists themselves are files. */
static const char blocklist[] =
	"CREATE TABLE feed ("
	" name TEXT PRIMARY KEY NOT NULL, ord INTEGER NOT NULL, definition TEXT NOT NULL,"
	" shipped INTEGER NOT NULL CHECK (shipped IN (0, 1)),"
	" enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),"
	" mode TEXT NOT NULL CHECK (mode IN ('monitor','block')), mode_since INTEGER NOT NULL,"
	" added_by TEXT NOT NULL, added INTEGER NOT NULL, removed INTEGER,"
	" etag TEXT NOT NULL DEFAULT '', last_modified TEXT NOT NULL DEFAULT '',"
	" fetched INTEGER NOT NULL DEFAULT 0, tried INTEGER NOT NULL DEFAULT 0,"
	" next INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,"
	" result TEXT NOT NULL DEFAULT 'none'"
	"  CHECK (result IN ('none','ok','refused','unreachable')),"
	" why_en TEXT NOT NULL DEFAULT '', why_ja TEXT NOT NULL DEFAULT '',"
	" entries INTEGER NOT NULL DEFAULT 0, sha256 TEXT NOT NULL DEFAULT '',"
	" staged TEXT NOT NULL DEFAULT '', month INTEGER NOT NULL DEFAULT 0,"
	" hits INTEGER NOT NULL DEFAULT 0, would INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE TRIGGER feed_keep BEFORE DELETE ON feed BEGIN"
	" SELECT RAISE(ABORT, 'feeds are removed, never deleted'); END;"
	"INSERT INTO feed(name, ord, definition, shipped, enabled, mode, mode_since, added_by, "
	"added)"
	" VALUES ('local', 0, '{}', 1, 1, 'block', 0, 'system', 0);"
	"CREATE TABLE feed_log ("
	" seq INTEGER PRIMARY KEY AUTOINCREMENT, feed TEXT NOT NULL REFERENCES feed(name),"
	" time INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,"
	" result TEXT NOT NULL, detail TEXT NOT NULL) STRICT;"
	"CREATE INDEX feed_log_feed ON feed_log(feed, seq);"
	"CREATE TABLE blocklist_entry ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, value TEXT NOT NULL,"
	" purpose TEXT NOT NULL, who TEXT NOT NULL, since INTEGER NOT NULL,"
	" removed INTEGER, removed_by TEXT, reason TEXT) STRICT;"
	"CREATE UNIQUE INDEX blocklist_entry_now ON blocklist_entry(kind, value)"
	" WHERE removed IS NULL;"
	"CREATE TRIGGER blocklist_entry_keep BEFORE DELETE ON blocklist_entry BEGIN"
	" SELECT RAISE(ABORT, 'entries are removed, never deleted'); END;"
	"CREATE TRIGGER blocklist_entry_content BEFORE UPDATE ON blocklist_entry"
	" WHEN (NEW.number, NEW.kind, NEW.value, NEW.purpose, NEW.who, NEW.since) IS NOT"
	"  (OLD.number, OLD.kind, OLD.value, OLD.purpose, OLD.who, OLD.since)"
	"  OR OLD.removed IS NOT NULL BEGIN"
	" SELECT RAISE(ABORT, 'an entry is never rewritten'); END;"
	"CREATE TABLE allow_rev ("
	" number INTEGER NOT NULL REFERENCES rule(number), revision INTEGER NOT NULL CHECK "
	"(revision > 0),"
	" intent TEXT NOT NULL CHECK (intent IN ('new','change','extend','remove')),"
	" state TEXT NOT NULL CHECK (state IN ('requested','returned','active','expired','removed',"
	"  'superseded')),"
	" kind TEXT NOT NULL CHECK (kind IN ('ipv4','ipv6','domain','suffix','url','ja3','ja4',"
	"  'certificate')), value TEXT NOT NULL,"
	" applicant TEXT NOT NULL REFERENCES account(name), purpose TEXT NOT NULL, reason TEXT,"
	" registered INTEGER NOT NULL, expiry INTEGER NOT NULL, requested_at INTEGER NOT NULL,"
	" approver TEXT REFERENCES account(name), approved_at INTEGER, decided_by TEXT,"
	" decided_at INTEGER, comment TEXT, PRIMARY KEY (number, revision)) STRICT;"
	"CREATE UNIQUE INDEX allow_open ON allow_rev(number) WHERE state = 'requested';"
	"CREATE UNIQUE INDEX allow_active ON allow_rev(number) WHERE state = 'active';";

static const char blocklist_triggers[] =
	"CREATE TRIGGER allow_keep BEFORE DELETE ON allow_rev BEGIN"
	" SELECT RAISE(ABORT, 'revisions are never deleted'); END;"
	"CREATE TRIGGER allow_new BEFORE INSERT ON allow_rev"
	" WHEN NEW.state <> 'requested' OR NEW.approver IS NOT NULL OR NEW.approved_at IS NOT NULL"
	"  OR EXISTS (SELECT 1 FROM allow_rev WHERE number = NEW.number"
	"   AND revision >= NEW.revision)"
	"  OR EXISTS (SELECT 1 FROM rule_rev WHERE number = NEW.number)"
	"  OR EXISTS (SELECT 1 FROM exception_rev WHERE number = NEW.number) BEGIN"
	" SELECT RAISE(ABORT, 'an allow-list entry begins as a request'); END;"
	"CREATE TRIGGER allow_content BEFORE UPDATE ON allow_rev"
	" WHEN (NEW.number, NEW.revision, NEW.intent, NEW.kind, NEW.value, NEW.applicant,"
	"  NEW.purpose, NEW.reason, NEW.registered, NEW.expiry, NEW.requested_at) IS NOT"
	"  (OLD.number, OLD.revision, OLD.intent, OLD.kind, OLD.value, OLD.applicant,"
	"  OLD.purpose, OLD.reason, OLD.registered, OLD.expiry, OLD.requested_at)"
	" BEGIN SELECT RAISE(ABORT, 'a revision is never rewritten'); END;"
	"CREATE TRIGGER allow_step BEFORE UPDATE OF state ON allow_rev"
	" WHEN NEW.state IS NOT OLD.state AND (OLD.state || '>' || NEW.state) NOT IN ("
	"  'requested>returned','requested>active','requested>removed','requested>superseded',"
	"  'active>expired','active>removed','active>superseded')"
	" BEGIN SELECT RAISE(ABORT, 'no such step in the life of an allow-list entry'); END;"
	"CREATE TRIGGER allow_approver BEFORE UPDATE ON allow_rev"
	" WHEN (NEW.approver IS NOT OLD.approver OR NEW.approved_at IS NOT OLD.approved_at)"
	"  AND NOT (OLD.state = 'requested' AND NEW.state IN ('active', 'removed'))"
	" BEGIN SELECT RAISE(ABORT, 'an approval is never rewritten'); END;"
	"CREATE TRIGGER allow_approve BEFORE UPDATE ON allow_rev"
	" WHEN OLD.state = 'requested' AND (NEW.state = 'active'"
	"   OR (NEW.state = 'removed' AND NEW.approver IS NOT NULL)) AND (NEW.approver IS NULL"
	"  OR coalesce(NEW.approved_at, 0) <= 0 OR NEW.approver = NEW.applicant COLLATE NOCASE"
	"  OR NOT EXISTS (SELECT 1 FROM account WHERE name = NEW.approver AND enabled = 1"
	"   AND (roles & 2) <> 0))"
	" BEGIN SELECT RAISE(ABORT, 'only an approver who did not ask for it approves'); END;";

/*
 * Devices: a record as the others, which may be held in quarantine or revoked at once. Their
 * addresses and identities stand beside, so that two devices never have one. Ports, networks and
 * switches are what an administrator set; review items tell of which kind of record they are.
 */
static const char devices[] =
	"CREATE TABLE device_rev ("
	" number INTEGER NOT NULL REFERENCES rule(number), revision INTEGER NOT NULL CHECK "
	"(revision > 0),"
	" intent TEXT NOT NULL CHECK (intent IN ('new','change','extend','remove')),"
	" state TEXT NOT NULL CHECK (state IN ('requested','returned','active','quarantined',"
	"  'revoked','expired','removed','superseded')),"
	" name TEXT NOT NULL, kind TEXT NOT NULL, owner TEXT NOT NULL, department TEXT NOT NULL,"
	" location TEXT NOT NULL, serial TEXT NOT NULL, os TEXT NOT NULL, mac TEXT NOT NULL,"
	" method TEXT NOT NULL, identity TEXT NOT NULL, ports TEXT NOT NULL,"
	" zones TEXT NOT NULL, vlan TEXT NOT NULL,"
	" infrastructure TEXT NOT NULL CHECK (infrastructure IN ('yes','no')),"
	" applicant TEXT NOT NULL REFERENCES account(name), purpose TEXT NOT NULL, reason TEXT,"
	" registered INTEGER NOT NULL, expiry INTEGER NOT NULL, requested_at INTEGER NOT NULL,"
	" approver TEXT REFERENCES account(name), approved_at INTEGER, decided_by TEXT,"
	" decided_at INTEGER, comment TEXT, held_by TEXT NOT NULL DEFAULT '',"
	" held_at INTEGER NOT NULL DEFAULT 0, held_reason TEXT NOT NULL DEFAULT '',"
	" PRIMARY KEY (number, revision)) STRICT;"
	"CREATE UNIQUE INDEX device_open ON device_rev(number) WHERE state = 'requested';"
	"CREATE UNIQUE INDEX device_active ON device_rev(number)"
	" WHERE state IN ('active', 'quarantined');"
	"CREATE INDEX device_state ON device_rev(state);"
	"CREATE TABLE device_key ("
	" key TEXT NOT NULL, number INTEGER NOT NULL, revision INTEGER NOT NULL,"
	" PRIMARY KEY (key, number, revision)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE device_print ("
	" number INTEGER PRIMARY KEY REFERENCES rule(number), print TEXT NOT NULL,"
	" learned INTEGER NOT NULL, learned_by TEXT NOT NULL) STRICT;"
	"CREATE TABLE device_certificate ("
	" serial TEXT PRIMARY KEY NOT NULL, number INTEGER NOT NULL REFERENCES rule(number),"
	" name TEXT NOT NULL, issued INTEGER NOT NULL, issued_by TEXT NOT NULL,"
	" expires INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0,"
	" revoked_by TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '') STRICT;"
	"CREATE INDEX device_certificate_number ON device_certificate(number);"
	"CREATE TABLE admission_item ("
	" kind TEXT NOT NULL CHECK (kind IN ('port','network','switch')), name TEXT NOT NULL,"
	" value TEXT NOT NULL, changed INTEGER NOT NULL, changed_by TEXT NOT NULL,"
	" PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;"
	"ALTER TABLE review ADD COLUMN kind TEXT NOT NULL DEFAULT 'rule';";

static const char device_triggers[] =
	"CREATE TRIGGER device_keep BEFORE DELETE ON device_rev BEGIN"
	" SELECT RAISE(ABORT, 'revisions are never deleted'); END;"
	"CREATE TRIGGER device_new BEFORE INSERT ON device_rev"
	" WHEN NEW.state <> 'requested' OR NEW.approver IS NOT NULL OR NEW.approved_at IS NOT NULL"
	"  OR EXISTS (SELECT 1 FROM device_rev WHERE number = NEW.number"
	"   AND revision >= NEW.revision)"
	"  OR EXISTS (SELECT 1 FROM rule_rev WHERE number = NEW.number)"
	"  OR EXISTS (SELECT 1 FROM exception_rev WHERE number = NEW.number)"
	"  OR EXISTS (SELECT 1 FROM allow_rev WHERE number = NEW.number) BEGIN"
	" SELECT RAISE(ABORT, 'a device begins as a request'); END;"
	"CREATE TRIGGER device_keys AFTER INSERT ON device_rev BEGIN"
	" INSERT INTO device_key SELECT value, NEW.number, NEW.revision"
	"  FROM json_each('[\"' || replace(NEW.mac, ',', '\",\"') || '\"]') WHERE value <> '';"
	" INSERT OR IGNORE INTO device_key SELECT 'id ' || lower(value), NEW.number, NEW.revision"
	"  FROM json_each('[\"' || replace(NEW.identity, ',', '\",\"') || '\"]')"
	"  WHERE value <> ''; END;"
	"CREATE TRIGGER device_content BEFORE UPDATE ON device_rev"
	" WHEN (NEW.number, NEW.revision, NEW.intent, NEW.name, NEW.kind, NEW.owner,"
	"  NEW.department, NEW.location, NEW.serial, NEW.os, NEW.mac, NEW.method,"
	"  NEW.identity, NEW.ports, NEW.zones, NEW.vlan, NEW.infrastructure, NEW.applicant,"
	"  NEW.purpose, NEW.reason, NEW.registered, NEW.expiry, NEW.requested_at) IS NOT"
	"  (OLD.number, OLD.revision, OLD.intent, OLD.name, OLD.kind, OLD.owner,"
	"  OLD.department, OLD.location, OLD.serial, OLD.os, OLD.mac, OLD.method,"
	"  OLD.identity, OLD.ports, OLD.zones, OLD.vlan, OLD.infrastructure, OLD.applicant,"
	"  OLD.purpose, OLD.reason, OLD.registered, OLD.expiry, OLD.requested_at)"
	" BEGIN SELECT RAISE(ABORT, 'a revision is never rewritten'); END;"
	"CREATE TRIGGER device_step BEFORE UPDATE OF state ON device_rev"
	" WHEN NEW.state IS NOT OLD.state AND (OLD.state || '>' || NEW.state) NOT IN ("
	"  'requested>returned','requested>active','requested>removed','requested>superseded',"
	"  'active>quarantined','active>revoked','active>expired','active>removed',"
	"  'active>superseded','quarantined>active','quarantined>revoked','quarantined>expired',"
	"  'quarantined>removed','expired>revoked')"
	" BEGIN SELECT RAISE(ABORT, 'no such step in the life of a device'); END;"
	"CREATE TRIGGER device_approver BEFORE UPDATE ON device_rev"
	" WHEN (NEW.approver IS NOT OLD.approver OR NEW.approved_at IS NOT OLD.approved_at)"
	"  AND NOT (OLD.state = 'requested' AND NEW.state IN ('active', 'removed'))"
	" BEGIN SELECT RAISE(ABORT, 'an approval is never rewritten'); END;"
	"CREATE TRIGGER device_approve BEFORE UPDATE ON device_rev"
	" WHEN OLD.state = 'requested' AND (NEW.state = 'active'"
	"   OR (NEW.state = 'removed' AND NEW.approver IS NOT NULL)) AND (NEW.approver IS NULL"
	"  OR coalesce(NEW.approved_at, 0) <= 0 OR NEW.approver = NEW.applicant COLLATE NOCASE"
	"  OR NOT EXISTS (SELECT 1 FROM account WHERE name = NEW.approver AND enabled = 1"
	"   AND (roles & 2) <> 0))"
	" BEGIN SELECT RAISE(ABORT, 'only an approver who did not ask for it approves'); END;"
	"CREATE TRIGGER device_certificate_keep BEFORE DELETE ON device_certificate BEGIN"
	" SELECT RAISE(ABORT, 'certificates are never deleted'); END;"
	"CREATE TRIGGER device_certificate_content BEFORE UPDATE ON device_certificate"
	" WHEN (NEW.serial, NEW.number, NEW.name, NEW.issued, NEW.issued_by, NEW.expires) IS NOT"
	"  (OLD.serial, OLD.number, OLD.name, OLD.issued, OLD.issued_by, OLD.expires)"
	"  OR OLD.revoked <> 0 BEGIN"
	" SELECT RAISE(ABORT, 'a revoked certificate stays revoked'); END;"
	"CREATE TRIGGER device_key_keep BEFORE DELETE ON device_key BEGIN"
	" SELECT RAISE(ABORT, 'revisions are never deleted'); END;"
	"CREATE TRIGGER device_key_content BEFORE UPDATE ON device_key BEGIN"
	" SELECT RAISE(ABORT, 'a revision is never rewritten'); END;";

/* Step n brings the schema from version n to n+1; the last gives MG_SCHEMA_VERSION. */
static const char *const step_1[] = {
	accounts, rules, rule_triggers, changes, generations, reviews, audit, NULL};
static const char *const step_2[] = {inspection, inspection_triggers, NULL};
static const char *const step_3[] = {blocklist, blocklist_triggers, NULL};
static const char *const step_4[] = {devices, device_triggers, NULL};
static const char *const *const steps[] = {step_1, step_2, step_3, step_4};

_Static_assert(SK_ARRAY_SIZE(steps) == MG_SCHEMA_VERSION, "one step a version");

static int migrate(struct mg_store *s, int64_t from, struct sk_err *err)
{
	char sql[64];
	int r = mg_db_exec(s, "BEGIN IMMEDIATE", err);

	if (r < 0)
		return r;
	for (int64_t v = from; v < MG_SCHEMA_VERSION && r == 0; v++)
		for (size_t i = 0; steps[v][i] && r == 0; i++)
			r = mg_db_exec(s, steps[v][i], err);
	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d; COMMIT", MG_SCHEMA_VERSION);
	if (r == 0)
		r = mg_db_exec(s, sql, err);
	if (r < 0)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

static int check_file(struct mg_store *s, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	const char *found;
	int r = mg_db_query(s, &st, err, "PRAGMA quick_check(1)");

	if (r == 0)
		r = mg_db_step(s, st, err);
	if (r < 0)
		return r;
	found = r > 0 ? mg_col_str(st, 0) : NULL;
	if (!sk_streq(found, "ok"))
		return sk_err_set(err, -EUCLEAN, NULL,
			"the registry file is damaged (%s): restore it from a backup",
			"台帳のファイルが破損しています (%s)。バックアップから復元してください",
			found ? found : "");
	return 0;
}

int mg_schema_open(struct mg_store *s, const struct mg_store_paths *paths, struct sk_err *err)
{
	int64_t version = 0;
	int r = mg_db_int(s, &version, err, "PRAGMA user_version");

	if (r == 0 && !s->reader)
		r = mg_older_finish(paths, version, err);
	if (r < 0)
		return r;
	if (version > MG_SCHEMA_VERSION)
		s->set_aside = version;
	if (version > MG_SCHEMA_VERSION)
		return sk_err_set(err, -EUCLEAN, NULL,
			"the registry was written by a newer version (schema %lld, this one knows "
			"%d): "
			"update this installation",
			"台帳はより新しい版で作成されています (スキーマ %lld、対応は %d "
			"まで)。本装置を更新してください",
			(long long)version, MG_SCHEMA_VERSION);
	if (s->reader)
		return version == MG_SCHEMA_VERSION
			? 0
			: sk_err_set(err, -EUCLEAN, NULL, "the registry is not set up yet",
				  "台帳がまだ作成されていません");
	/* Whoever returns to the version before goes on from there. */
	if (version > 0 && version < MG_SCHEMA_VERSION)
		r = mg_older_keep(s, paths, version, err);
	if (r == 0 && version < MG_SCHEMA_VERSION)
		return migrate(s, version, err);
	if (r < 0)
		return r;
	return check_file(s, err);
}
