# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,fwd-packet,tests/unit/fwd/test_packet.c,fw-fwd))
$(eval $(call unit,fwd-event,tests/unit/fwd/test_event.c,fw-fwd))
$(eval $(call unit,fwd-fold,tests/unit/fwd/test_fold.c,fw-fwd))
$(eval $(call unit,fwd-counters,tests/unit/fwd/test_counters.c tests/unit/policy/build.c,fw-fwd))
$(eval $(call unit,fwd-persist,tests/unit/fwd/test_persist.c tests/unit/policy/build.c,fw-fwd))
$(eval $(call unit,fwd-cut,tests/unit/fwd/test_cut.c tests/unit/policy/build.c,fw-fwd))
$(eval $(call unit,fwd-contacts,tests/unit/fwd/test_contacts.c tests/unit/policy/build.c,fw-fwd))
