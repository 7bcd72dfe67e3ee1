# SPDX-License-Identifier: GPL-2.0-or-later
$(eval $(call unit,backup-container,tests/unit/backup/test_container.c,mg-backup))
$(eval $(call unit,backup-archive,tests/unit/backup/test_archive.c,mg-backup))
$(eval $(call unit,backup-place,tests/unit/backup/test_place.c,mg-backup-run))
