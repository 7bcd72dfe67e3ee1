# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-stream-wire,tests/unit/ips-stream,wire.c,ips-stream,))
$(eval $(call unit,ips-stream-captures,tests/unit/ips-stream/test_captures.c,ips-stream-wire ips-stream))
$(eval $(call unit,ips-stream-inline,tests/unit/ips-stream/test_inline.c,ips-stream-wire ips-stream))
$(eval $(call unit,ips-stream-pool,tests/unit/ips-stream/test_pool.c,ips-stream))
$(eval $(call unit,ips-stream-events,tests/unit/ips-stream/test_events.c,ips-stream ips-packet))
