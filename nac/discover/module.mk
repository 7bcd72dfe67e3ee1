# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,nac-discover,nac/discover,capture.c net.c journal.c sensor.c,nac-observe sk,libpcap))
