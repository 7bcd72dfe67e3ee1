# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,ips-contacts,tests/unit/ips-contacts/test_contacts.c,ips-engine mg-contacts))
