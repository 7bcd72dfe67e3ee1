/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses are the gateway's own, and which are nobody's. Not for use outside fw/fwd. */
#ifndef FW_FWD_OWN_H
#define FW_FWD_OWN_H

#include "fw/registry/addr.h"

/* An address of the gateway, or of a network it is in; also when that cannot be found out. */
bool fwd_own_address(const struct fw_ip *ip, bool net64);
/* No source on a network beyond the link: 0/8, 127/8, 169.254/16, 224/3; ::, ::1, fe80::/10,
 * ff00::/8. */
bool fwd_no_source(const struct fw_ip *ip);

#endif
