# SPDX-License-Identifier: GPL-2.0-or-later
include $(sort $(filter-out %/module.mk,$(wildcard tests/bench/*.mk)))
