/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers of fields that the document's files share. Not for use outside nac/admission. */
#ifndef NAC_DOCUMENT_INT_H
#define NAC_DOCUMENT_INT_H

#include "nac/admission/document.h"

/* *ret untouched when the key is missing; -EINVAL naming the words that are possible. */
int nac_doc_word(const json_t *v, const char *key, const char *const *list, size_t n, unsigned *ret,
	struct sk_err *err);
/* Borrowed, without control characters, under cap bytes; *ret "" when missing. */
int nac_doc_text(const json_t *v, const char *key, bool required, size_t cap, const char **ret,
	struct sk_err *err);
int nac_doc_name(
	const json_t *v, const char *key, char *dst, size_t cap, bool required, struct sk_err *err);
/* Owned list of borrowed texts, NULL-terminated; *ret untouched when missing. */
int nac_doc_strings(
	const json_t *v, const char *key, size_t max, const char ***ret, struct sk_err *err);
int nac_doc_macs(const json_t *v, const char *key, size_t max, struct nac_mac *ret, size_t *ret_n,
	struct sk_err *err);

int nac_doc_devices(struct nac_document *d, json_t *list, struct sk_err *err);
void nac_doc_devices_free(struct nac_document *d);

#endif
