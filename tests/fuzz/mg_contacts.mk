# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,mg-contacts,tests/fuzz/mg_contacts.c,mg-contacts))
