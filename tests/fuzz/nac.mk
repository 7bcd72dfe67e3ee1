# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,nac-sight,tests/fuzz/nac_sight.c,nac-observe))
$(eval $(call fuzzer,nac-watch,tests/fuzz/nac_watch.c,nac-observe))
$(eval $(call fuzzer,nac-journal,tests/fuzz/nac_journal.c,nac-observe))
