# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-devices,mgmt/devices,device.c csv.c,nac-admission nac-observe fw-registry sk,))
