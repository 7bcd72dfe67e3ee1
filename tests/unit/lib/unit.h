/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka with the headers it wants before itself. */
#ifndef SK_TEST_UNIT_H
#define SK_TEST_UNIT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#endif
