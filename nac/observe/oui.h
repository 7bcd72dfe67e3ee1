/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who made a network card, by the IEEE's registries as Debian's package ieee-data has them: blocks
 * of 24, 28 and 36 bits, the longest one decides. About a megabyte once loaded. Pure.
 */
#ifndef NAC_OBSERVE_OUI_H
#define NAC_OBSERVE_OUI_H

#include "nac/observe/mac.h"

struct nac_oui;

struct nac_oui *nac_oui_new(void);
void nac_oui_free(struct nac_oui *o);
/*
 * Add one file: CSV with a header line, "Registry,Assignment,Organization Name,…" (oui.csv,
 * mam.csv, oui36.csv, iab.csv). Rows that make no sense are skipped. -ENOMEM.
 */
int nac_oui_add_csv(struct nac_oui *o, const char *text, size_t len);
/* After the last file, before the first look-up. -ENOMEM. */
int nac_oui_seal(struct nac_oui *o);
/* Borrowed; NULL: nobody's, or a locally administered address. */
const char *nac_oui_find(const struct nac_oui *o, const struct nac_mac *mac);
size_t nac_oui_count(const struct nac_oui *o);

#endif
