# SPDX-License-Identifier: GPL-2.0-or-later
# mg-gateway is pure; what touches the machine lies in box/.
$(eval $(call module,mg-gateway,mgmt/gateway,ip.c password.c document.c network.c check.c ports.c networkd.c services.c site.c,\
	mg-workflow mg-command fw-registry sk,))
# Beside the policy: for the manager.
$(eval $(call module,mg-joined,mgmt/gateway,joined.c,mg-gateway fw-policy sk,))
# The ports alone: also for who has no rights.
$(eval $(call module,mg-ifaces,mgmt/gateway/box,ifaces.c,mg-gateway sk,))
$(eval $(call module,mg-box,mgmt/gateway/box,settings.c upstream.c aside.c fit.c people.c activate.c answers.c serve.c \
	first.c secrets.c,\
	mg-secret mg-ifaces mg-gateway sk,libsystemd libcrypt))
$(eval $(call program,sekisho-setup,mgmt/gateway/box,main.c,mg-box mg-keys,,$(PREFIX)/sbin))
