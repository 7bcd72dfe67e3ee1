# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-why,mgmt/why,subject.c lists.c,mg-feeds sk,jansson))
