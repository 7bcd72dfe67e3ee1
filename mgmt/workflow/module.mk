$(eval $(call module,mg-workflow,mgmt/workflow,workflow.c,fw-registry sk,jansson))
