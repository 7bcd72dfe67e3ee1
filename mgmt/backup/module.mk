# SPDX-License-Identifier: GPL-2.0-or-later
# mg-backup is pure; what touches files, databases and services lies in run/ and is only in sekisho-backup.
$(eval $(call module,mg-backup,mgmt/backup,container.c lock.c archive.c,sk,libsodium))
$(eval $(call module,mg-backup-run,mgmt/backup/run,sources.c place.c snapshot.c create.c extract.c drill.c restore.c \
	services.c request.c,mg-backup mg-store fw-policy sk,sqlite3 libsystemd))
$(eval $(call program,sekisho-backup,mgmt/backup/run,main.c,mg-backup-run,,$(PREFIX)/sbin))
