# SPDX-License-Identifier: GPL-2.0-or-later
# How the file of secrets reads: also for who writes it.
$(eval $(call module,mg-notify-secrets,mgmt/notify,secrets.c,sk,))
$(eval $(call module,mg-notify,mgmt/notify,limit.c message.c send.c notify.c,mg-notify-secrets sk,libcurl libsodium jansson))
