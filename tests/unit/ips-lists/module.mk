# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,ips-lists,tests/unit/ips-lists/test_lists.c tests/unit/ips-lists/doc.c,ips-lists))
$(eval $(call unit,ips-learned,tests/unit/ips-lists/test_learned.c tests/unit/ips-lists/doc.c,ips-lists))
$(eval $(call unit,ips-answer,tests/unit/ips-lists/test_answer.c,ips-proto))
$(eval $(call unit,ips-listed,tests/unit/ips-lists/test_listed.c tests/unit/ips-lists/doc.c,ips-engine))
