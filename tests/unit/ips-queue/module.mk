# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,ips-queue-msg,tests/unit/ips-queue/test_msg.c,ips-queue))
