# SPDX-License-Identifier: GPL-2.0-or-later
# Units, users, directories, kernel modules and settings, and the sample site.
LIBDIR_SYSTEM := $(PREFIX)/lib

.PHONY: install-configs
install-files: install-configs
install-configs:
	$(foreach f,$(wildcard configs/systemd/*),install -D -m 0644 $(f) $(DESTDIR)$(UNITDIR)/$(notdir $(f));)
	install -D -m 0755 configs/lib/line-ended $(DESTDIR)$(LIBDIR_SYSTEM)/sekisho/line-ended
	install -D -m 0644 configs/sysusers/sekisho.conf $(DESTDIR)$(LIBDIR_SYSTEM)/sysusers.d/sekisho.conf
	install -D -m 0644 configs/tmpfiles/sekisho.conf $(DESTDIR)$(LIBDIR_SYSTEM)/tmpfiles.d/sekisho.conf
	install -D -m 0644 configs/modules-load/sekisho.conf $(DESTDIR)$(LIBDIR_SYSTEM)/modules-load.d/sekisho.conf
	install -D -m 0644 configs/sysctl/60-sekisho.conf $(DESTDIR)$(LIBDIR_SYSTEM)/sysctl.d/60-sekisho.conf
	$(foreach f,$(wildcard configs/ips/*.json),install -D -m 0644 $(f) $(DESTDIR)$(PREFIX)/share/sekisho/ips/$(notdir $(f));)
	install -D -m 0644 configs/dbus/sekisho-update.conf $(DESTDIR)$(PREFIX)/share/dbus-1/system.d/sekisho-update.conf
	install -D -m 0644 configs/site/sample.json $(DESTDIR)$(PREFIX)/share/sekisho/site-sample.json
	$(foreach f,$(wildcard configs/ips/*.json),install -D -m 0644 $(f) \
		$(DESTDIR)$(PREFIX)/share/sekisho/ips/$(notdir $(f));)
	$(foreach f,$(wildcard configs/freeradius/*),install -D -m 0644 $(f) \
		$(DESTDIR)$(PREFIX)/share/sekisho/freeradius/$(notdir $(f));)
	$(foreach f,$(wildcard configs/feeds/*),install -D -m 0644 $(f) \
		$(DESTDIR)$(PREFIX)/share/sekisho/feeds/$(notdir $(f));)
