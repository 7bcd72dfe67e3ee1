# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-secret,mgmt/secret,secret.c,mg-notify-secrets mg-fetch-secrets mg-radius-secrets sk,jansson))
