$(eval $(call tool,trafgen,tests/bench/trafgen.c,,))
