/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the manager knows of backups: the public key they are locked for, when the last one, drill
 * and restore were, when the next is due. sekisho-backup makes and reads them.
 */
#ifndef MG_MGMTD_BACKUP_H
#define MG_MGMTD_BACKUP_H

#include "mgmt/mgmtd/daemon.h"
#include "mgmt/mgmtd/oneshot.h"

#define MG_BACKUP_NAME "backup" /* of its socket */
#define MG_BACKUP_PATIENCE 900  /* seconds without a sign of life: a slow stick that syncs */

#define MG_BACKUP_KNOWN 500

/*
 * {"key": {public, created, by}, "last", "last_ok", "drill", "drill_ok", "restore": {time, …},
 * "made": [sha256, …]} of STATE-DIR/backup.json; an empty object when there is none. Owned by the
 * caller.
 */
json_t *mg_backup_state(const struct mg_daemon *d);
/* Replace one part (stolen). */
int mg_backup_note(const struct mg_daemon *d, const char *part, json_t *value, struct sk_err *err);
/* Arguments of backup.create that do not come from the person; NULL without memory. */
json_t *mg_backup_args(struct mg_daemon *d, const char *place);
/* One more backup that is this gateway's own: its "sha256". The newest MG_BACKUP_KNOWN stay. */
int mg_backup_known(const struct mg_daemon *d, const json_t *about, struct sk_err *err);
/* Notes a backup that was made or failed. */
void mg_backup_made(struct mg_call *c, int code, const json_t *end, const struct sk_err *err);
/* The next automatic one, 0: none. */
int64_t mg_backup_next(struct mg_daemon *d, const json_t *state, int64_t now);

void mg_backup_tick(struct mg_daemon *d, int64_t now); /* once a minute */
/* For status: a part "backup" and warnings. */
void mg_backup_status(struct mg_call *c, json_t *v, void (*warn)(json_t *v, const char *text));

#endif
