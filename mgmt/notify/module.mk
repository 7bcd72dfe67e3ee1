# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-notify,mgmt/notify,limit.c message.c send.c notify.c,sk,libcurl libsodium jansson))
