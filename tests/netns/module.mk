# SPDX-License-Identifier: GPL-2.0-or-later
# The helper programs of the network tests, one file each.
include $(sort $(filter-out %/module.mk,$(wildcard tests/netns/*.mk)))
