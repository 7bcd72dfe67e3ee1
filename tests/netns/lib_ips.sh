# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the inspection tests share: a firewall policy with inspection on, the real engine in the gateway, a
# policy of rules for it. Sourced after lib.sh.

IPS_GEN=0
FW_GEN=0
IPSD_OPTS=${IPSD_OPTS:-}

# policy RULES-FILE [JSON of more keys]: writes $W/policy.json
policy() {
	IPS_GEN=$((IPS_GEN + 1))
	python3 - "$1" "$IPS_GEN" "${2:-}" >"$W/policy.json" <<-'PY'
	import hashlib, json, sys
	doc = {"format": "sekisho-ips-policy-1", "generation": int(sys.argv[2]),
	       "rules": [{"path": sys.argv[1], "sha256": hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest()}],
	       "engine": {"bypass": False}}
	doc.update(json.loads(sys.argv[3] or "{}"))
	print(json.dumps(doc))
	PY
}

# site_policy on|off closed|open: all from lan to wan is allowed
site_policy() {
	FW_GEN=$((FW_GEN + 1))
	cat >"$W/site.json" <<-JSON
	{"generation": $FW_GEN, "site": {"reverse_path": true, "manage_ports": [22]}, "objects": [],
	 "inspection": {"mode": "$1", "fail": "$2", "queues": 2}, "zones": [
	 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"]},
	 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"], "ping": true}], "rules": [
	 {"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"1-65535"},
	 {"number":1002,"from":"lan","to":"wan","protocol":"udp","port":"1-65535"}]}
	JSON
	in_ns gw "$BUILD/fwdctl" apply "$W/site.json" 0 >"$W/apply.out" 2>&1 || { cat "$W/apply.out"; return 1; }
}

ipsd_start() {
	mkdir -p $STATE/ips
	# shellcheck disable=SC2086
	ip netns exec gw "$BUILD/sekisho-ipsd" --state-dir $STATE/ips --run-dir /run/sekisho --queues 2 $IPSD_OPTS "$@" \
		>>"$W/ipsd.log" 2>&1 &
	IPSD=$!
	wait_for 20 ips status
	[ -n "${EVENTS:-}" ] && kill "$EVENTS" 2>/dev/null
	in_ns gw python3 "$TOP/tests/netns/ipsctl.py" events >>"$W/events" 2>>"$W/events.log" &
	EVENTS=$!
}

ips() { in_ns gw python3 "$TOP/tests/netns/ipsctl.py" "$@"; }
try() { # NS HOST PORT PIECE…
	local ns=$1
	shift
	in_ns "$ns" python3 "$TOP/tests/netns/ips_try.py" "$@" </dev/null
}

udp_dns() { # NS SERVER NAME: 0 if the question came back (the server echoes)
	in_ns "$1" python3 - "$2" "$3" <<-'PY'
	import socket, struct, sys
	q = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0)
	q += b"".join(bytes([len(p)]) + p.encode() for p in sys.argv[2].split(".")) + b"\0\0\1\0\1"
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.settimeout(1)
	s.sendto(q, (sys.argv[1], 53))
	try:
	    sys.exit(0 if s.recv(999) == q else 1)
	except TimeoutError:
	    sys.exit(4)
	PY
}

# pcap_of SID TEXT: the capture that came with an alert, read by tcpdump, shows TEXT
pcap_of() {
	python3 - "$W/events" "$1" "$W/alert.pcap" <<-'PY' || return 1
	import base64, json, sys
	for line in open(sys.argv[1]):
	    e = json.loads(line)
	    if e.get("alert", {}).get("signature_id") == int(sys.argv[2]) and "pcap" in e["sekisho"]:
	        open(sys.argv[3], "wb").write(base64.b64decode(e["sekisho"]["pcap"]))
	        sys.exit(0)
	sys.exit("no capture")
	PY
	tcpdump -nAr "$W/alert.pcap" 2>/dev/null | grep -q "$2"
}

# The named counters of the chains ips and ips_save moved: retransmissions of a dropped connection.
counted_drop() {
	in_ns gw conntrack -L 2>/dev/null | grep -E 'dport=80 ' | python3 -c '
import re, sys
marks = [int(m) for m in re.findall(r"mark=(\d+)", sys.stdin.read())]
sys.exit(0 if any(m & 2 for m in marks) else 1)'
}
