# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,workflow,tests/unit/workflow/test_workflow.c,mg-workflow mg-command sk))
