/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The export's tables, and the views that answer. An answer is "VERDICT;NUMBER;SECONDS;VLAN"; the
 * server's policy (configs/freeradius) reads nothing else. Identities are the hex of their bytes,
 * so that no character of a stranger's reaches the server's SQL.
 */
#ifndef MG_RADIUS_SCHEMA_H
#define MG_RADIUS_SCHEMA_H

#define MG_RADIUS_VERSION 1
#define MG_RADIUS_REAUTH 3600

/* The methods of enum in export.h: 1 by MAC, 2 by 802.1X. */
#define MG_RADIUS_SCHEMA                                                                           \
	"CREATE TABLE device(number INTEGER PRIMARY KEY, name TEXT NOT NULL,"                      \
	" state TEXT NOT NULL CHECK(state IN('active','quarantined','revoked')),"                  \
	" methods INTEGER NOT NULL, vlan TEXT NOT NULL, expires INTEGER NOT NULL) STRICT;"         \
	"CREATE TABLE mac(mac TEXT PRIMARY KEY, number INTEGER NOT NULL REFERENCES device"         \
	" ON DELETE CASCADE) WITHOUT ROWID, STRICT;"                                               \
	"CREATE INDEX mac_number ON mac(number);"                                                  \
	"CREATE TABLE identity(name TEXT PRIMARY KEY, number INTEGER NOT NULL REFERENCES device"   \
	" ON DELETE CASCADE) WITHOUT ROWID, STRICT;"                                               \
	"CREATE INDEX identity_number ON identity(number);"                                        \
	"CREATE TABLE switch(address TEXT PRIMARY KEY, name TEXT NOT NULL, secret TEXT NOT NULL,"  \
	" coa_port INTEGER NOT NULL) WITHOUT ROWID, STRICT;"                                       \
	"CREATE TABLE revoked(serial TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;"                     \
	"CREATE TABLE setting(id INTEGER PRIMARY KEY CHECK(id=1), reauth INTEGER NOT NULL,"        \
	" quarantine_vlan TEXT NOT NULL) STRICT;"                                                  \
	"CREATE VIEW judged AS SELECT number, methods,"                                            \
	" CASE WHEN state='revoked' THEN 'revoked'"                                                \
	"  WHEN expires<>0 AND expires<=unixepoch() THEN 'expired'"                                \
	"  WHEN state='quarantined' AND quarantine_vlan='' THEN 'quarantined'"                     \
	"  ELSE 'ok' END AS verdict,"                                                              \
	" number||';'||iif(expires=0, reauth, min(reauth, max(expires-unixepoch(), 1)))||';'||"    \
	" iif(state='quarantined', quarantine_vlan, vlan) AS rest"                                 \
	" FROM device, setting;"                                                                   \
	"CREATE VIEW mab AS SELECT mac,"                                                           \
	" iif(verdict='ok' AND NOT methods&1, 'method', verdict)||';'||rest AS answer"             \
	" FROM mac JOIN judged USING(number);"                                                     \
	"CREATE VIEW dot1x AS SELECT name, number,"                                                \
	" (SELECT coalesce(group_concat(mac), '') FROM mac WHERE mac.number=judged.number)"        \
	"  AS macs,"                                                                               \
	" iif(verdict='ok' AND NOT methods&2, 'method', verdict)||';'||rest AS answer,"            \
	" iif(verdict='ok', 'other_mac', verdict)||';'||rest AS other"                             \
	" FROM identity JOIN judged USING(number);"                                                \
	"INSERT INTO setting VALUES(1, 3600, '');"                                                 \
	"INSERT INTO switch VALUES('127.0.0.1', 'gateway', 'gateway', 0);"

#endif
