# SPDX-License-Identifier: GPL-2.0-or-later
# Each component lists its own tests in tests/unit/<component>/module.mk.
include $(sort $(wildcard tests/unit/*/module.mk))
