# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,geo,tests/unit/geo/test_geo.c tests/unit/geo/mmdb.c,mg-geo))
