/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The day file. flow.ts is the event's time in microseconds, moved on to the next free one, so that
 * the table is clustered by time and needs no index. Addresses: IPv4 as integer minus 2^31 (four
 * bytes, in order), IPv6 as a blob. Columns in the order in which reports want them.
 */
#ifndef MG_EVENTS_SCHEMA_H
#define MG_EVENTS_SCHEMA_H

#define MG_DAY_VERSION 2

#define MG_DAY_SCHEMA                                                                              \
	"CREATE TABLE meta(k TEXT PRIMARY KEY, v INTEGER NOT NULL) WITHOUT ROWID, STRICT;"         \
	"CREATE TABLE seq(instance TEXT PRIMARY KEY, mark INTEGER NOT NULL, done INTEGER NOT "     \
	"NULL)"                                                                                    \
	" WITHOUT ROWID, STRICT;"                                                                  \
	"CREATE TABLE cls(id INTEGER PRIMARY KEY, kind INTEGER, flags INTEGER, rule INTEGER,"      \
	" revision INTEGER, proto TEXT, reason TEXT, zone_in TEXT, zone_out TEXT, in_iface TEXT,"  \
	" out_iface TEXT, direction TEXT, feed TEXT) STRICT;"                                      \
	"CREATE TABLE flow(ts INTEGER PRIMARY KEY, cls INTEGER NOT NULL, count INTEGER NOT NULL,"  \
	" span INTEGER NOT NULL, dst ANY, src ANY, dport INTEGER, sport INTEGER, icmp INTEGER,"    \
	" len INTEGER, mac INTEGER, extra TEXT, entry TEXT, name TEXT) STRICT;"                    \
	"CREATE TABLE other(ts INTEGER PRIMARY KEY, type TEXT NOT NULL, json TEXT NOT NULL) "      \
	"STRICT;"                                                                                  \
	"CREATE TABLE roll(dim INTEGER, kind INTEGER, key ANY, count INTEGER NOT NULL,"            \
	" first INTEGER NOT NULL, last INTEGER NOT NULL, peers BLOB NOT NULL,"                     \
	" PRIMARY KEY(dim, kind, key)) WITHOUT ROWID, STRICT;" MG_DAY_LISTED

/* What version 2 added: the feed of a class; the entry that stopped a connection and the name it
 * was known by, with an index to those rows alone. A file of version 1 becomes one of 2 when it is
 * written to; a reader takes both. */
#define MG_DAY_LISTED "CREATE INDEX flow_listed ON flow(entry) WHERE entry IS NOT NULL;"
#define MG_DAY_FROM_1                                                                              \
	"ALTER TABLE cls ADD COLUMN feed TEXT; ALTER TABLE flow ADD COLUMN entry TEXT;"            \
	"ALTER TABLE flow ADD COLUMN name TEXT;" MG_DAY_LISTED

/*
 * roll holds, for a finished day, the counts of each dimension below; meta "sealed" is 1 while they
 * agree with flow, meta "dims" the bit mask of those present. A dimension with nearly as many keys
 * as the day has rows is left out: reading the rows is no slower.
 */
enum mg_dim {
	MG_DIM_SOURCE,      /* key: address as in flow; peers: destinations */
	MG_DIM_DESTINATION, /* key: address; peers: sources, as in all that follow */
	MG_DIM_PORT,        /* key: "TCP/443", "ICMP/" */
	MG_DIM_CLASS,       /* key: cls.id */
	MG_DIM_SLOT,        /* key: the quarter of an hour, seconds since 1970 */
	MG_DIMS
};
#define MG_SLOT_SECONDS 900

#endif
