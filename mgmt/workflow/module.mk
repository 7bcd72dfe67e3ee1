$(eval $(call module,mg-workflow,mgmt/workflow,workflow.c states.c,fw-registry sk,jansson))
