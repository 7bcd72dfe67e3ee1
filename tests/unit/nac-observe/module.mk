# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,nac-parse,tests/unit/nac-observe/test_parse.c tests/unit/nac-observe/frames.c,nac-observe))
$(eval $(call unit,nac-print,tests/unit/nac-observe/test_print.c,nac-observe))
$(eval $(call unit,nac-watch,tests/unit/nac-observe/test_watch.c tests/unit/nac-observe/frames.c,nac-observe))
$(eval $(call unit,nac-isolate,tests/unit/nac-observe/test_isolate.c tests/unit/nac-observe/frames.c,nac-observe))
