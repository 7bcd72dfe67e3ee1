/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names below which others own names: "co.jp", of registries, and "github.io", of companies (the
 * Public Suffix List, publicsuffix.org, as libpsl brings it). All that is below one of them is no
 * single owner's. Pure.
 */
#ifndef MG_FEEDS_SUFFIX_H
#define MG_FEEDS_SUFFIX_H

#include <stdbool.h>
#include <stddef.h>

enum mg_suffix { MG_SUFFIX_OWNED, MG_SUFFIX_REGISTRY, MG_SUFFIX_COMPANY };
/* name: canonical, need not be terminated. */
enum mg_suffix mg_suffix(const char *name, size_t n);

#endif
