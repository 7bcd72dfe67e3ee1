# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,mg-workflow,mgmt/workflow,workflow.c states.c,fw-registry sk,jansson))
