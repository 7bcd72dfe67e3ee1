# SPDX-License-Identifier: GPL-2.0-or-later
http_talk := tests/unit/ips-http/talk.c
$(eval $(call unit,ips-body,tests/unit/ips-http/test_body.c,ips-proto))
$(eval $(call unit,ips-http,tests/unit/ips-http/test_http.c $(http_talk),ips-proto))
$(eval $(call unit,ips-http-odd,tests/unit/ips-http/test_http_odd.c $(http_talk),ips-proto))
$(eval $(call unit,ips-http-body,tests/unit/ips-http/test_http_body.c $(http_talk),ips-proto))
$(eval $(call unit,ips-http2,tests/unit/ips-http/test_http2.c $(http_talk),ips-proto))
$(eval $(call unit,ips-unpack,tests/unit/ips-http/test_unpack.c,ips-proto))
