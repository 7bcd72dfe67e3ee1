#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The engine on captures beside Suricata 7 single-threaded: the same rules, the same capture, made from those
# of SK_CAPTURES joined several times over. Loading is measured apart (with a capture of one packet) and taken off.
. "$(dirname "$0")/lib.sh"
for v in SK_CAPTURES SK_RULES SK_SURICATA_ROOT; do
	[ -n "${!v:-}" ] || { echo "  offline: skipped: $v is not set"; exit 0; }
done
sandbox "$@"
ROUNDS=${ROUNDS:-3} TIMES=${TIMES:-8}
D=$SK_SURICATA_ROOT/tmp/sk-offline
mkdir -p "$D"
trap 'rm -rf "$D"' EXIT
cat "$SK_RULES"/*.rules >"$D/all.rules"
cp "$SK_RULES"/*.config "$D/" 2>/dev/null
python3 - "$SK_CAPTURES" "$TIMES" "$D" <<'PY'
import os, struct, sys
packets, base = [], 1000000000
for top, _, names in sorted(os.walk(sys.argv[1])):
    for name in sorted(names):
        with open(os.path.join(top, name), "rb") as f:
            data = f.read()
        if data[:4] != b"\xd4\xc3\xb2\xa1" or struct.unpack("<I", data[20:24])[0] != 1:
            continue
        off = 24
        while off + 16 <= len(data):
            sec, usec, cap, size = struct.unpack("<4I", data[off:off + 16])
            if off + 16 + cap > len(data) or cap > 65535:
                break
            packets.append((cap, size, data[off + 16:off + 16 + cap]))
            off += 16 + cap
head = struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
with open(sys.argv[3] + "/tiny.pcap", "wb") as f:
    cap, size, body = packets[0]
    f.write(head + struct.pack("<4I", base, 0, cap, size) + body)
us = 0
with open(sys.argv[3] + "/big.pcap", "wb") as f:
    f.write(head)
    for i in range(int(sys.argv[2])):
        for cap, size, body in packets:
            us += 100
            f.write(struct.pack("<4I", base + i * 100000 + us // 1000000, us % 1000000, cap, size) + body)
print("  %d packets, %.0f MB" % (len(packets) * int(sys.argv[2]), os.path.getsize(sys.argv[3] + "/big.pcap") / 1e6))
PY
seconds() { # COMMAND…: CPU-independent wall seconds
	local t
	t=$(date +%s%N)
	"$@" >"$W/out" 2>&1 || { tail -n 5 "$W/out"; return 1; }
	echo $(($(date +%s%N) - t)) | awk '{ printf "%.3f\n", $1 / 1e9 }'
}
ours() { seconds "$BUILD/sekisho-ipsd" --read "$D/$1" --rules "$D/all.rules" --log-dir "$W/ours" --cache-dir "$W/cache"; }
theirs() {
	seconds chroot "$SK_SURICATA_ROOT" suricata -r "/tmp/sk-offline/$1" -S /tmp/sk-offline/all.rules \
		-l /tmp/sk-offline -k none --runmode single
}
mkdir -p "$W/cache"
ours tiny.pcap >/dev/null
for ((i = 0; i < ROUNDS; i++)); do
	for who in ours theirs; do
		$who tiny.pcap >>"$W/$who.load"
		$who big.pcap >>"$W/$who.all"
	done
done
m() { median <"$W/$1"; }
net() { awk -v a="$(m "$1.all")" -v b="$(m "$1.load")" 'BEGIN { printf "%.2f", a - b }'; }
ratio "captures: Suricata's seconds : ours, loading taken off" "$(net theirs)" "$(net ours)" '>=1.5'
ratio "the same with loading (ours cached)" "$(m theirs.all)" "$(m ours.all)" '>=1.5'
exit 0
