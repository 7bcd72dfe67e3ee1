# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,contacts,tests/unit/contacts/test_contacts.c,mg-contacts))
