# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,feeds-parse,tests/unit/feeds/test_parse.c,mg-feeds))
$(eval $(call unit,feeds-definition,tests/unit/feeds/test_definition.c,mg-feeds))
$(eval $(call unit,feeds-list,tests/unit/feeds/test_list.c,mg-feeds))
$(eval $(call unit,feeds-unpack,tests/unit/feeds/test_unpack.c,mg-feeds))
$(eval $(call unit,feeds-secrets,tests/unit/feeds/test_secrets.c,mg-fetch))
