/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every test of fwd includes before its subject: cmocka with the headers it forgets. */
#ifndef TEST_FWD_UNIT_H
#define TEST_FWD_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#endif
