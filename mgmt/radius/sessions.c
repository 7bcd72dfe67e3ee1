// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions on managed switches, kept over restarts. What was lost is told by the next record. */
#include "mgmt/radius/sessions.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/radius/db.h"

#define VERSION 1
/* After its time a switch may take a while to ask again. */
#define MARGIN 300

static const char schema[] =
	"CREATE TABLE session(mac TEXT PRIMARY KEY, source TEXT NOT NULL, nas_ip TEXT NOT NULL,"
	" nas_id TEXT NOT NULL, port INTEGER NOT NULL, port_id TEXT NOT NULL, caller TEXT NOT NULL,"
	" user TEXT NOT NULL, session TEXT NOT NULL, number INTEGER NOT NULL, vlan TEXT NOT NULL,"
	" since INTEGER NOT NULL, until INTEGER NOT NULL, tried INTEGER NOT NULL, ip TEXT NOT NULL,"
	" dot1x INTEGER NOT NULL)"
	" WITHOUT ROWID, STRICT;"
	"CREATE INDEX session_number ON session(number);";

struct mg_radius_sessions {
	sqlite3 *db;
};

int mg_radius_sessions_open(struct mg_radius_sessions **ret, const char *path, struct sk_err *err)
{
	struct mg_radius_sessions *s = calloc(1, sizeof(*s));
	int r = s ? mg_radius_db_open(&s->db, path, VERSION, schema, err) : sk_err_nomem(err);

	if (r < 0) {
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void mg_radius_sessions_close(struct mg_radius_sessions *s)
{
	if (!s)
		return;
	mg_radius_db_close(s->db);
	free(s);
}

int mg_radius_sessions_begin(struct mg_radius_sessions *s, struct sk_err *err)
{
	return mg_radius_db_exec(s->db, "BEGIN IMMEDIATE", err);
}

int mg_radius_sessions_end(struct mg_radius_sessions *s, struct sk_err *err)
{
	return mg_radius_db_end(s->db, 0, err);
}

/* ---- records ----------------------------------------------------------------------------------
 */
/* Bytes of any kind as text. */
static const char *hex(char *dst, const struct mg_radius_bytes *b)
{
	return sk_hex(dst, b->b, b->n);
}

static int note_accept(
	struct mg_radius_sessions *s, const struct mg_radius_record *r, struct sk_err *err)
{
	char id[507], port_id[507], caller[507], user[507], session[507];

	return mg_radius_db_run(s->db,
		"INSERT INTO session VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,0,?14,?15)"
		" ON CONFLICT(mac) DO UPDATE SET source=?2, nas_ip=?3, nas_id=?4, port=?5,"
		" port_id=?6, caller=?7, user=?8, session=iif(?9='' AND source=?2, session, ?9),"
		" number=?10, vlan=?11, until=?13, tried=0, ip=iif(?14='', ip, ?14), dot1x=?15"
		" WHERE since<=?12",
		MG_RARGS(MG_RT(r->mac), MG_RT(r->source), MG_RT(r->nas_ip),
			MG_RT(hex(id, &r->nas_id)), MG_RI(r->port),
			MG_RT(hex(port_id, &r->port_id)), MG_RT(hex(caller, &r->caller)),
			MG_RT(hex(user, &r->user)), MG_RT(hex(session, &r->session)),
			MG_RI(r->number), MG_RT(r->vlan), MG_RI(r->time),
			MG_RI(r->time + r->seconds), MG_RT(r->ipv4[0] ? r->ipv4 : r->ipv6),
			MG_RI(strcmp(r->method, "mac") != 0)),
		err);
}

/* Accounting adds what the switch calls the session; it lets nobody in. */
static int note_account(
	struct mg_radius_sessions *s, const struct mg_radius_record *r, struct sk_err *err)
{
	char session[507];

	return mg_radius_db_run(s->db,
		"UPDATE session SET session=iif(?3='', session, ?3), ip=iif(?4='', ip, ?4)"
		" WHERE mac=?1 AND source=?2",
		MG_RARGS(MG_RT(r->mac), MG_RT(r->source), MG_RT(hex(session, &r->session)),
			MG_RT(r->ipv4[0] ? r->ipv4 : r->ipv6)),
		err);
}

/* A stop that comes late, of an earlier session, ends none. */
static int note_stop(
	struct mg_radius_sessions *s, const struct mg_radius_record *r, struct sk_err *err)
{
	char session[507];

	return mg_radius_db_run(s->db,
		"DELETE FROM session WHERE mac=?1 AND source=?2"
		" AND (session=?3 OR session='' OR ?3='')",
		MG_RARGS(MG_RT(r->mac), MG_RT(r->source), MG_RT(hex(session, &r->session))), err);
}

int mg_radius_sessions_note(
	struct mg_radius_sessions *s, const struct mg_radius_record *r, struct sk_err *err)
{
	int e = 0;

	switch (r->kind) {
	case MG_RADIUS_ON:
	case MG_RADIUS_OFF:
		e = mg_radius_db_run(s->db, "DELETE FROM session WHERE source=?1 AND since<?2",
			MG_RARGS(MG_RT(r->source), MG_RI(r->time)), err);
		break;
	case MG_RADIUS_ACCEPT: e = r->mac[0] ? note_accept(s, r, err) : 0; break;
	case MG_RADIUS_START:
	case MG_RADIUS_UPDATE: e = r->mac[0] ? note_account(s, r, err) : 0; break;
	case MG_RADIUS_STOP: e = r->mac[0] ? note_stop(s, r, err) : 0; break;
	/* A refusal on one switch says nothing of a session on another, and on the same one ends
	 * it. */
	case MG_RADIUS_REJECT:
		e = !r->mac[0]
			? 0
			: mg_radius_db_run(s->db,
				  "DELETE FROM session WHERE mac=?1 AND source=?2"
				  " AND port=?3",
				  MG_RARGS(MG_RT(r->mac), MG_RT(r->source), MG_RI(r->port)), err);
		break;
	default: break;
	}
	return e < 0 ? e : 0;
}

/* ---- questions --------------------------------------------------------------------------------
 */
#define COLUMNS                                                                                    \
	"SELECT mac, source, nas_ip, nas_id, port, port_id, caller, user, session, number, vlan,"  \
	" since, until, tried, ip, dot1x FROM session "

static void unhex(sqlite3_stmt *st, int col, struct mg_radius_bytes *ret)
{
	static const char digits[] = "0123456789abcdef";
	const char *s = (const char *)sqlite3_column_text(st, col);

	ret->n = 0;
	while (s && s[0] && s[1] && ret->n < sizeof(ret->b)) {
		const char *hi = strchr(digits, s[0]), *lo = strchr(digits, s[1]);

		if (!hi || !lo)
			return;
		ret->b[ret->n++] = (uint8_t)((hi - digits) << 4 | (lo - digits));
		s += 2;
	}
}

static void read_row(sqlite3_stmt *st, struct mg_radius_session *v)
{
	mg_radius_db_copy(st, 0, v->at.mac, sizeof(v->at.mac));
	mg_radius_db_copy(st, 1, v->source, sizeof(v->source));
	mg_radius_db_copy(st, 2, v->at.nas_ip, sizeof(v->at.nas_ip));
	unhex(st, 3, &v->at.nas_id);
	v->at.port = sqlite3_column_int64(st, 4);
	unhex(st, 5, &v->at.port_id);
	unhex(st, 6, &v->at.caller);
	unhex(st, 7, &v->at.user);
	unhex(st, 8, &v->at.session);
	v->number = sqlite3_column_int64(st, 9);
	mg_radius_db_copy(st, 10, v->vlan, sizeof(v->vlan));
	v->since = sqlite3_column_int64(st, 11);
	v->until = sqlite3_column_int64(st, 12);
	v->tried = sqlite3_column_int64(st, 13);
	mg_radius_db_copy(st, 14, v->ip, sizeof(v->ip));
	v->dot1x = sqlite3_column_int(st, 15);
}

int mg_radius_sessions_each(struct mg_radius_sessions *s, int64_t number,
	int (*fn)(const struct mg_radius_session *v, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_radius_stmtp) sqlite3_stmt *st = NULL;
	int e = 0,
	    r = mg_radius_db_query(
		    s->db, &st, COLUMNS "WHERE ?1=0 OR number=?1", MG_RARGS(MG_RI(number)), err);

	while (r >= 0 && e == 0 && (r = mg_radius_db_step(s->db, st, err)) > 0) {
		struct mg_radius_session v;

		read_row(st, &v);
		e = fn(&v, arg);
	}
	return r < 0 ? r : e;
}

int mg_radius_sessions_get(
	struct mg_radius_sessions *s, const char *mac, struct mg_radius_session *ret)
{
	_cleanup_(mg_radius_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_radius_db_query(s->db, &st, COLUMNS "WHERE mac=?1", MG_RARGS(MG_RT(mac)), NULL);

	if (r == 0)
		r = mg_radius_db_step(s->db, st, NULL);
	if (r > 0)
		read_row(st, ret);
	return r > 0 ? 0 : r < 0 ? r : -ENOENT;
}

int mg_radius_sessions_drop(struct mg_radius_sessions *s, const char *mac, struct sk_err *err)
{
	int r = mg_radius_db_run(
		s->db, "DELETE FROM session WHERE mac=?1", MG_RARGS(MG_RT(mac)), err);

	return r < 0 ? r : 0;
}

int mg_radius_sessions_tried(
	struct mg_radius_sessions *s, const char *mac, int64_t now, struct sk_err *err)
{
	int r = mg_radius_db_run(s->db, "UPDATE session SET tried=?2 WHERE mac=?1",
		MG_RARGS(MG_RT(mac), MG_RI(now)), err);

	return r < 0 ? r : 0;
}

int mg_radius_sessions_moved(
	struct mg_radius_sessions *s, const char *mac, const char *vlan, struct sk_err *err)
{
	int r = mg_radius_db_run(s->db, "UPDATE session SET vlan=?2 WHERE mac=?1",
		MG_RARGS(MG_RT(mac), MG_RT(vlan)), err);

	return r < 0 ? r : 0;
}

int mg_radius_sessions_prune(struct mg_radius_sessions *s, int64_t now, struct sk_err *err)
{
	int r = mg_radius_db_run(
		s->db, "DELETE FROM session WHERE until<?1", MG_RARGS(MG_RI(now - MARGIN)), err);

	if (r >= 0)
		r = mg_radius_db_run(s->db,
			"DELETE FROM session WHERE mac IN (SELECT mac FROM session"
			" ORDER BY until DESC LIMIT -1 OFFSET ?1)",
			MG_RARGS(MG_RI(MG_RADIUS_SESSIONS_MAX)), err);
	return r < 0 ? r : 0;
}

int64_t mg_radius_sessions_count(struct mg_radius_sessions *s)
{
	_cleanup_(mg_radius_stmtp) sqlite3_stmt *st = NULL;

	if (mg_radius_db_query(s->db, &st, "SELECT count(*) FROM session", NULL, 0, NULL) < 0 ||
		mg_radius_db_step(s->db, st, NULL) <= 0)
		return 0;
	return sqlite3_column_int64(st, 0);
}
