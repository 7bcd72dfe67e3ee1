# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call tool,sensorctl,tests/netns/sensorctl.c,nac-discover))
