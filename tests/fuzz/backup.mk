# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call fuzzer,backup,tests/fuzz/backup.c,mg-backup sk))
