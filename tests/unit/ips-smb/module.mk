# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,ips-smb,tests/unit/ips-smb/test_smb.c tests/unit/ips-http/talk.c,ips-proto))
$(eval $(call unit,ips-dcerpc,tests/unit/ips-smb/test_dcerpc.c tests/unit/ips-http/talk.c,ips-proto))
