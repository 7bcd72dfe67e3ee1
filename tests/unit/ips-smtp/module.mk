# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,ips-smtp,tests/unit/ips-smtp/test_smtp.c tests/unit/ips-http/talk.c,ips-proto))
