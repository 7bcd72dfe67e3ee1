#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What inspection costs: bulk TCP, HTTP over kept and over new connections, and the latency of a small
# request, as ratios to the same gateway's plain forwarding; with every byte inspected, and with bypass.
# Interleaved, medians. SK_RULES: rule files (the full ET Open set is what the aims are about);
# SK_SURICATA_ROOT: a root with Suricata 7, measured inline in the same run.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../netns/lib_ips.sh"
RULES=${SK_RULES:-$TOP/tests/conform/own.rules}
sandbox "$@"
for tool in nginx wrk iperf3; do
	command -v $tool >/dev/null || { echo "  inspect: skipped: $tool is not installed"; exit 0; }
done
ROUNDS=${ROUNDS:-5} SECS=${SECS:-2}
net_up
fwd_start
in_ns inet iperf3 -s -p 5201 >"$W/iperf" 2>&1 &
wait_for 5 eval 'in_ns inet ss -tlnH | grep -q :5201'
mkdir -p "$W/www" "$W/ng"
head -c 612 /dev/zero | tr '\0' x >"$W/www/small"
cat >"$W/ng/nginx.conf" <<-CONF
	worker_processes 1; error_log $W/ng/error.log; pid $W/ng/pid; daemon off;
	events { worker_connections 4096; }
	http { access_log off; keepalive_requests 1000000; root $W/www; client_body_temp_path $W/ng;
	proxy_temp_path $W/ng; fastcgi_temp_path $W/ng; uwsgi_temp_path $W/ng; scgi_temp_path $W/ng;
	server { listen 8080; } }
CONF
chmod -R a+rX "$W"
in_ns inet nginx -c "$W/ng/nginx.conf" >"$W/nginx.log" 2>&1 &
wait_for 10 in_ns inet curl -fso /dev/null http://127.0.0.1:8080/small
if [ -d "$RULES" ]; then cat "$RULES"/*.rules >"$W/all.rules"; else cp "$RULES" "$W/all.rules"; fi
for f in classification reference; do
	[ -f "$(dirname "$RULES")/$f.config" ] && cp "$(dirname "$RULES")/$f.config" "$W/"
	[ -f "$RULES/$f.config" ] && cp "$RULES/$f.config" "$W/"
done

bulk() {
	in_ns lan iperf3 -c 203.0.113.10 -p 5201 -t "$SECS" -J |
		python3 -c 'import json,sys; print(round(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"]/1e6))'
}
mtu() { # the same with packets of the wire's size
	in_ns lan ethtool -K eth0 tso off gso off >/dev/null 2>&1
	bulk
	in_ns lan ethtool -K eth0 tso on gso on >/dev/null 2>&1
}
requests() { awk '/Requests\/sec/ {print $2}'; }
keep() { in_ns lan wrk -t1 -c16 -d"${SECS}s" http://203.0.113.10:8080/small | requests; }
fresh() { in_ns lan wrk -t1 -c16 -d"${SECS}s" -H 'Connection: close' http://203.0.113.10:8080/small | requests; }
latency() { # median of one request at a time, microseconds
	in_ns lan wrk -t1 -c1 -d1s --latency http://203.0.113.10:8080/small |
		awk '$1 == "50%" { v = $2; if (v ~ /ms$/) { sub(/ms/, "", v); v *= 1000 } else sub(/us/, "", v); print v }'
}
measure() { # WHICH
	local m
	for m in bulk keep fresh latency; do $m >>"$W/$1.$m"; done
}
engine() { # BYPASS DEPTH
	policy "$W/all.rules" "{\"engine\": {\"bypass\": $1, \"stream_depth\": $2, \"flows\": 32768}}"
	mkdir -p $STATE/ips
	cp "$W/policy.json" $STATE/ips/policy.json
	ipsd_start
	wait_for 60 eval 'ips status | grep -q "\"state\": \"inspecting\""'
}
engine_stop() {
	kill $IPSD "$EVENTS" 2>/dev/null
	wait $IPSD 2>/dev/null
}
suricata_up() {
	local root=$SK_SURICATA_ROOT
	mkdir -p "$root/run/sk" "$root/tmp/sk-bench"
	cp "$W/all.rules" "$root/tmp/sk-bench/"
	ip netns exec gw chroot "$root" suricata -q 103 -q 104 -S /tmp/sk-bench/all.rules -l /tmp/sk-bench \
		--pidfile /tmp/sk-bench/pid "$@" >"$W/suricata.log" 2>&1 &
	SURICATA=$!
	wait_for 180 grep -q 'Engine started' "$W/suricata.log"
}
suricata_down() { kill $SURICATA; wait $SURICATA 2>/dev/null; }

for ((i = 0; i < ROUNDS; i++)); do
	site_policy off closed
	measure plain
	site_policy on closed
	engine false 0
	measure every
	engine_stop
	engine true 1048576
	measure bypass
	ips status >"$W/status"
	engine_stop
done
if [ -n "${SK_SURICATA_ROOT:-}" ]; then
	suricata_up --set stream.reassembly.depth=0
	for ((i = 0; i < 2; i++)); do measure suricata; done
	suricata_down
else
	echo "  Suricata beside it: skipped: SK_SURICATA_ROOT is not set"
fi
m() { median <"$W/$1"; }
ratio "bulk TCP, every byte inspected : plain" "$(m every.bulk)" "$(m plain.bulk)" '>=0.15'
ratio "HTTP kept connections, inspected : plain" "$(m every.keep)" "$(m plain.keep)" '>=0.40'
ratio "HTTP new connections, inspected : plain" "$(m every.fresh)" "$(m plain.fresh)" '>=0.45'
ratio "bulk TCP with bypass : plain" "$(m bypass.bulk)" "$(m plain.bulk)" '>=0.85'
ratio "HTTP kept connections with bypass : plain" "$(m bypass.keep)" "$(m plain.keep)" '>=0.60'
added=$(($(m every.latency | cut -d. -f1) - $(m plain.latency | cut -d. -f1)))
figure "latency added to a small request, median" "$added us" '< 60 us' $((added < 60))
if [ -s "$W/suricata.bulk" ]; then
	ratio "bulk TCP, every byte: ours : Suricata" "$(m every.bulk)" "$(m suricata.bulk)" '>=10'
	ratio "HTTP kept connections: ours : Suricata" "$(m every.keep)" "$(m suricata.keep)" '>=1'
	ratio "HTTP new connections: ours : Suricata" "$(m every.fresh)" "$(m suricata.fresh)" '>=1'
fi
exit 0
