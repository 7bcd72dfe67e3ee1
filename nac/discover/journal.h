/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What isolation has to take back after a crash, in one file for all networks. For sensor.c. */
#ifndef NAC_DISCOVER_JOURNAL_H
#define NAC_DISCOVER_JOURNAL_H

#include "nac/discover/net.h"

/* An entry for each network; what is kept of interfaces that are not in the list stays (rest). */
int nac_journal_write(const char *path, struct nac_net *const *nets, size_t n, const json_t *rest,
	struct sk_err *err);
/* {"lan0":{"observed_since":…,"iso":{…}},…} as a new reference, an empty one if there is no file.
 */
json_t *nac_journal_read(const char *path, struct sk_err *err);
/* Give a network its entry, taken out of doc. */
void nac_journal_take(json_t *doc, struct nac_net *net);

#endif
