# SPDX-License-Identifier: GPL-2.0-or-later
# What is made from the command table: sekisho.8 and the bash completion; and the installation of the
# manual and of the operator's guide.
docs-generated: $(B)/doc/sekisho.8 $(B)/doc/sekisho.bash

$(B)/doc/sekisho.8: $(B)/sekisho
	@mkdir -p $(@D)
	$(call say,GEN,$@)LC_ALL=C $< generate man >$@.new && mv $@.new $@
$(B)/doc/sekisho.bash: $(B)/sekisho
	@mkdir -p $(@D)
	$(call say,GEN,$@)LC_ALL=C $< generate completion >$@.new && mv $@.new $@

.PHONY: install-docs
install-files: install-docs
install-docs: docs-generated
	$(foreach f,$(wildcard docs/man/*.8) $(B)/doc/sekisho.8,install -D -m 0644 $(f) \
		$(DESTDIR)$(PREFIX)/share/man/man8/$(notdir $(f));)
	install -D -m 0644 $(B)/doc/sekisho.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/sekisho
	$(foreach f,README.md $(wildcard docs/guide.*.md),install -D -m 0644 $(f) \
		$(DESTDIR)$(PREFIX)/share/doc/sekisho/$(notdir $(f));)
