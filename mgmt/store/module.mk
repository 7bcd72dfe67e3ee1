# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-store,mgmt/store,store.c db.c schema.c older.c settings.c txn.c audit.c audit_verify.c \
	accounts.c account_change.c rules.c rules_write.c rules_due.c changes.c reviews.c generations.c build.c records.c \
	exceptions.c allow.c sets.c feeds.c devices.c admission.c,mg-workflow mg-devices nac-admission \
	mg-command mg-suffix fw-policy fw-registry sk,sqlite3))
