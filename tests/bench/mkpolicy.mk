$(eval $(call tool,mkpolicy,tests/bench/mkpolicy.c,fw-policy))
