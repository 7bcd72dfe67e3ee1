# SPDX-License-Identifier: GPL-2.0-or-later
# Each component lists its fuzz targets in tests/fuzz/<component>.mk; a target NAME needs its corpus in
# tests/fuzz/corpus/NAME/.
include $(sort $(filter-out tests/fuzz/module.mk,$(wildcard tests/fuzz/*.mk)))
