# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,radius-export,tests/unit/radius/test_export.c,mg-radius))
$(eval $(call unit,radius-packet,tests/unit/radius/test_packet.c,mg-radius))
$(eval $(call unit,radius-spool,tests/unit/radius/test_spool.c,mg-radius))
