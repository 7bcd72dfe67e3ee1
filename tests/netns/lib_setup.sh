# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Setting a gateway up in a test: an answer file, and sekisho-setup with a machine's files below $BOX. Sourced
# after lib.sh.

BOX=/run/test/box
answers() { # FILE PYTHON…: the sample, changed by statements on d
	python3 - "$1" "${@:2}" <<-'PY'
		import json, sys
		d = {"format": "sekisho-setup", "version": 1, "language": "ja", "site": "サンプル製作所", "hostname": "sekisho-1",
		     "timezone": "Asia/Tokyo", "ntp": ["203.0.113.10"], "operation": "routed",
		     "ports": [{"match": {"name": "wan0"}, "role": "wan"}, {"match": {"name": "lan0"}, "role": "lan"},
		               {"match": {"name": "dmz0"}, "role": "dmz"}],
		     "networks": [
		         {"role": "wan", "ipv4": {"method": "static", "address": "203.0.113.1/24", "gateway": "203.0.113.10",
		                                  "dns": ["203.0.113.10"]}, "ipv6": {"method": "none"}},
		         {"role": "lan", "ipv4": {"method": "static", "address": "192.168.10.1/24"},
		          "ipv6": {"method": "static", "address": "2001:db8:10::1/64"},
		          "dhcp": {"from": "192.168.10.100", "to": "192.168.10.199", "lease": "12h",
		                   "reservations": [{"mac": "52:54:00:00:00:77", "address": "192.168.10.50", "name": "printer"}]},
		          "dns": True, "ntp": True, "manage": True},
		         {"role": "dmz", "ipv4": {"method": "static", "address": "192.168.20.1/24"}, "dns": False, "ntp": False}],
		     "people": [{"name": "tanaka", "display": "田中 一郎", "roles": ["requester", "admin"], "password": "Yama-to-Kawa-58"},
		                {"name": "sato", "display": "佐藤 花子", "roles": ["approver"], "password": "Umi-no-Sakana-73"}],
		     "inspection": {"profile": "balanced", "when_down": "closed"}, "admission": "off", "first_rules": ["web"]}
		for s in sys.argv[2:]:
		    exec(s)
		json.dump(d, open(sys.argv[1], "w"), ensure_ascii=False)
	PY
}
box_root() { # a machine's files, for sekisho-setup --root
	mkdir -p "$BOX/etc/sekisho" "$BOX/run"
	printf 'root:x:0:0:root:/root:/bin/bash\n' >"$BOX/etc/passwd"
	printf 'root:*:20000:0:99999:7:::\n' >"$BOX/etc/shadow"
	printf 'root:x:0:\n' >"$BOX/etc/group"
	chmod 640 "$BOX/etc/shadow"
}
setup_start() { # [UID]: who may ask, beside root
	box_root
	ip netns exec gw "$BUILD/sekisho-setup" --listen /run/sekisho/setup.sock --root "$BOX" --allow-user "${1:-0}" \
		>>"$W/setup.log" 2>&1 &
	SETUP=$!
	wait_for 10 test -S /run/sekisho/setup.sock
}
says() { # PATTERN COMMAND…: it fails, and says so
	local pattern=$1
	shift
	! "$@" >"$W/says.out" 2>&1 && grep -q -- "$pattern" "$W/says.out" || { cat "$W/says.out"; return 1; }
}
# At a terminal, as tanaka: STEPS ("PROMPT<tab>ANSWER", a line each) KIND [OPTIONS…]; what it shows is in $W/typed.out.
typed() {
	printf '%b' "$1" >"$W/steps"
	shift
	ip netns exec gw python3 "$TOP/tests/netns/terminal.py" "$W/steps" setpriv --reuid $TANAKA --regid $TANAKA --clear-groups \
		"$BUILD/sekisho" --lang en secret set "$1" - "${@:2}" >"$W/typed.out" 2>&1 || { cat "$W/typed.out"; return 1; }
}
rows() { python3 -c 'import json,sys; print(eval(sys.argv[1], {"d": json.load(sys.stdin)}))' "$1"; }

# The machine's own files instead, as copies that nobody else sees: BOX is empty then.
box_real() {
	mkdir -p "$W/etc"
	cp -a /etc/. "$W/etc/"
	mount --bind "$W/etc" /etc
	mkdir -p /etc/sekisho
	rm -f /etc/sekisho/gateway.json /etc/sekisho/people
	mount -t tmpfs -o mode=755 tmpfs /home
	BOX=
	ip netns exec gw "$BUILD/sekisho-setup" --listen /run/sekisho/setup.sock --allow-user 0 >>"$W/setup.log" 2>&1 &
	SETUP=$!
	wait_for 10 test -S /run/sekisho/setup.sock
}
