# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call module,ips-stream,ips/stream,stream.c open.c est.c close.c check.c hello.c reass.c deliver.c raw.c pool.c,\
	ips-flow sk,))
