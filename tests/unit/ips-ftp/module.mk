# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,ips-ftp,tests/unit/ips-ftp/test_ftp.c tests/unit/ips-http/talk.c,ips-proto))
