# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Boots a root folder's systemd in namespaces of its own, as a container without network: container_boot ROOT,
# in_container COMMAND…, container_stop. Its control groups are below one that is made for it, so that it never
# meets those of the machine; all of it ends with the caller.

CONTAINER=''
CONTAINER_CG=''

container_boot() { # ROOT
	local mnt
	mnt=$(mktemp -d)
	CONTAINER_CG=sekisho-test-$$
	# shellcheck disable=SC2016 # for the inner shells
	unshare --mount bash -c '
		set -e
		mount --make-rprivate /
		mount -t cgroup2 none "$1"
		mkdir "$1/$2"
		echo $$ >"$1/$2/cgroup.procs"
		umount "$1"
		rmdir "$1"
		exec unshare --mount --net --uts --ipc --pid --cgroup --fork --kill-child=KILL bash -c "$3" container "$4"
	' container "$mnt" "$CONTAINER_CG" '
		set -e
		cd "$1"
		mount --bind . .
		cd "$1"
		mount -t proc proc proc
		mount -t sysfs sysfs sys
		mount -t cgroup2 none sys/fs/cgroup
		mount -t tmpfs -o mode=755 tmpfs dev
		mount -t tmpfs -o mode=755 tmpfs run
		mkdir dev/pts dev/shm
		mount -t tmpfs -o mode=1777 tmpfs dev/shm
		mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
		mknod -m 666 dev/null c 1 3
		mknod -m 666 dev/zero c 1 5
		mknod -m 666 dev/full c 1 7
		mknod -m 666 dev/random c 1 8
		mknod -m 666 dev/urandom c 1 9
		ln -s pts/ptmx dev/ptmx
		ln -s /proc/self/fd dev/fd
		ip link set lo up
		hostname gateway
		# Not chroot: what is in one may make no user namespace.
		pivot_root . .
		umount -l .
		exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
	' "$1" </dev/null >"$1.log" 2>&1 &
	CONTAINER_TOP=$!
	for _ in $(seq 300); do
		CONTAINER=$(cat "/proc/$CONTAINER_TOP/task/$CONTAINER_TOP/children" 2>/dev/null | tr -d ' ')
		[ -n "$CONTAINER" ] && [ "$(cat "/proc/$CONTAINER/comm")" = systemd ] &&
			in_container systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded' && return 0
		kill -0 $CONTAINER_TOP 2>/dev/null || break
		sleep 0.1
	done
	cat "$1.log"
	return 1
}

in_container() { # COMMAND…
	nsenter -t "$CONTAINER" -m -u -i -n -p -C -r -w env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive "$@"
}

container_stop() {
	local mnt
	[ -n "$CONTAINER_CG" ] || return 0
	[ -z "$CONTAINER" ] || kill -KILL "$CONTAINER" 2>/dev/null
	wait "$CONTAINER_TOP" 2>/dev/null
	# Empty control groups remain.
	mnt=$(mktemp -d)
	# shellcheck disable=SC2016
	unshare --mount bash -c 'mount --make-rprivate / && mount -t cgroup2 none "$1" &&
		find "$1/$2" -depth -type d -exec rmdir {} \; && umount "$1"' container "$mnt" "$CONTAINER_CG"
	rmdir "$mnt"
	CONTAINER='' CONTAINER_CG=''
}
