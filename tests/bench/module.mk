include $(sort $(filter-out %/module.mk,$(wildcard tests/bench/*.mk)))
