# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-geo,mgmt/geo,geo.c,sk,libmaxminddb jansson))
