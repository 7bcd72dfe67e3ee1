#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Isolation on a flat network: a device that is not admitted loses its neighbours, and they it; nobody else
# loses anything. Never the gateway, listed servers, access points, infrastructure; never before the
# network was observed; and the truth comes back on release, on exit and after kill -9.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/lib_sensor.sh
. "$(dirname "$0")/lib_sensor.sh"
sandbox "$@"

PC=00:1b:21:00:00:10 PRN=00:00:74:00:00:20 SRV=00:25:90:00:00:05 BAD=00:1b:21:00:00:66 AP=00:1d:73:00:00:50
INFRA=00:25:90:00:00:06
SINK=02:5e:6b:00:00:01
lan_up
in_ns sw ip link set br0 type bridge group_fwd_mask 0x4000
station pc $PC 10
station prn $PRN 20
station srv $SRV 5
station infra $INFRA 6
station ap $AP 50
station bad $BAD 66
J=$W/journal.json

# count_forged: ARP and neighbour advertisements naming the sink that reached any station
for ns in pc prn bad srv infra ap; do
	in_ns $ns tcpdump -nlei eth0 "ether src $SINK" >"$W/forged-$ns" 2>/dev/null &
done
forged() { cat "$W"/forged-"${1:-*}" | grep -c "$SINK\|is-at" || true; }
lied_about() { grep -h "is-at $SINK\|tgt is" "$W"/forged-* | grep -cF "$1" || true; }
reach() { in_ns "$1" ping -nqc 1 -W 1 "$2" >/dev/null; }
reach6() { in_ns "$1" ping -6 -nqc 1 -W 1 "$2" >/dev/null; }
cut_off() { ! in_ns "$1" ping -nqc 2 -i 0.3 -W 1 "$2" >/dev/null; }
cut_off6() { ! in_ns "$1" ping -6 -nqc 2 -i 0.3 -W 1 "$2" >/dev/null; }
everybody() { # all are heard of, and know each other
	local a
	for a in 5 6 10 20 50 66; do
		in_ns pc ping -nqc 1 -W 1 $NET4.$a >/dev/null
		in_ns bad ping -nqc 1 -W 1 $NET4.$a >/dev/null
		in_ns bad ping -6 -nqc 1 -W 1 $NET6::$a >/dev/null
	done
	for a in pc prn srv infra ap bad; do
		in_ns $a ping -nqc 1 -W 1 $NET4.1 >/dev/null
		in_ns $a ping -6 -nqc 1 -W 1 $NET6::1 >/dev/null
	done
}
admit_all() {
	tell admit $PC
	tell admit $PRN
	tell infra $INFRA
}

# ---- off, and observing -----------------------------------------------------------------------------------
sensor_start -j "$J" -o 2 -s 300 "lan0,off,dhcp=$SRV"
admit_all
frames ap lldp ap-2f 8
everybody
wait_for 3 event "e['event']=='new' and e['mac']=='$BAD'"
settled
check "off: nothing is forged" test "$(stat_of forged)" = 0
never "nor said" "e['event'] in ('isolated','would_cut','spared')"
tell mode lan0 observe
soon "observing: who would be cut off" "e['event']=='would_cut' and e['mac']=='$BAD'"
soon "the listed server is spared, with the reason" "e['event']=='spared' and e['mac']=='$SRV' and 'listed' in e['text']"
soon "so is the access point nobody registered" "e['event']=='spared' and e['mac']=='$AP' and 'access point' in e['text']"
never "admitted devices would not" "e['event']=='would_cut' and e['mac'] in ('$PC','$PRN','$INFRA','$SRV','$AP')"
check "observing forges nothing" test "$(stat_of forged)" = 0
sensor_stop

# ---- on, but first observed ---------------------------------------------------------------------------------
sed -i 's/"observed_since":[0-9]*/"observed_since":0/' "$J"
forget_events
sensor_start -j "$J" -o 15 -s 300 "lan0,on,dhcp=$SRV"
admit_all
everybody
soon "switched on at once, it observes first" "e['event']=='would_cut' and e['mac']=='$BAD'"
check "and forges nothing meanwhile" test "$(stat_of forged)" = 0
in_ns bad ping -n -i 0.1 -D $NET4.10 >"$W/flow" 2>&1 &
FLOW=$!
SOON=20 soon "then the device is cut off" "e['event']=='isolated' and e['mac']=='$BAD'"
check "its running flow is cut" wait_for 4 sh -c "[ \$(date +%s%N) -gt \$(( \$(tail -n 1 $W/flow | sed 's/^\[\([0-9]*\)\.\([0-9]*\)\].*/\1\2/')000 + 1000000000 )) ]"
kill $FLOW
python3 - "$W/events" "$W/flow" $BAD <<'PY'
import json, re, sys
cut = [json.loads(l)["ts"] / 1e6 for l in open(sys.argv[1]) if '"isolated"' in l and '"event":"isolated"' in l][0]
last = [float(m.group(1)) for m in (re.match(r"\[([\d.]+)\] \d+ bytes", l) for l in open(sys.argv[2])) if m][-1]
print(f"# live flow cut {max(0, last - cut):.2f} s after the decision")
PY
check "it does not reach a neighbour" cut_off bad $NET4.20
check "nor one it never spoke to, asked for now" cut_off bad $NET4.6
check "nor the gateway" cut_off bad $NET4.1
check "a neighbour does not reach it" cut_off pc $NET4.66
check "the same by IPv6" cut_off6 bad $NET6::10
check "and towards it" cut_off6 pc $NET6::66
check "permitted devices reach each other" reach pc $NET4.20
check "and the gateway" reach pc $NET4.1
check "by IPv6 too" reach6 pc $NET6::20
never "the access point is not cut off, though it has not spoken since the restart" "e['event']=='isolated' and e['mac']=='$AP'"
check "the access point is untouched" reach ap $NET4.20
check "the listed server too" reach srv $NET4.10
check "and infrastructure" reach infra $NET4.10
for a in 1 5 6 10 20 50; do
	for ns in pc prn srv infra ap; do
		grep -q "$NET4.$a is-at $SINK" "$W/forged-$ns" && echo "$ns was told of .$a"
	done
done >"$W/lies"
check "only the device itself was told of others, others only of it" test ! -s "$W/lies"
check "no cap on frames was passed: 500 a second" python3 - "$W" <<'PY'
import collections, glob, re, sys
per = collections.Counter()
for f in glob.glob(sys.argv[1] + "/forged-*"):
    for line in open(f):
        m = re.match(r"(\d\d:\d\d:\d\d)\.", line)
        if m:
            per[m.group(1)] += 1
print(per.most_common(1))
sys.exit(max(per.values()) > 1000)
PY

# ---- a permitted device's address is never lied about ---------------------------------------------------------
frames bad garp $NET4.20
back() { frames prn garp $NET4.20 && reach pc $NET4.20; }
check "an address it steals is its holder's again as soon as that one speaks" wait_for 4 back
n=$(grep -hc "$NET4.20 is-at $SINK" "$W/forged-pc")
check "and was not lied about once" test "$n" = 0
in_ns prn ping -nqc 1 -W 1 $NET4.10 >/dev/null
soon "and the theft is told" "e['event'] in ('arp_spoof','conflict') and e['ip']=='$NET4.20'"

# ---- released -------------------------------------------------------------------------------------------------
in_ns pc ping -n -i 0.05 -D $NET4.66 >"$W/flow" 2>&1 &
FLOW=$!
tell admit $BAD
soon "admitted, it is released" "e['event']=='released' and e['mac']=='$BAD'"
check "it reaches its neighbours at once" wait_for 2 reach bad $NET4.10
check "and they it" wait_for 2 reach pc $NET4.66
check "by IPv6 too" wait_for 2 reach6 bad $NET6::10
check "and towards it" wait_for 2 reach6 pc $NET6::66
kill $FLOW
python3 - "$W/events" "$W/flow" <<'PY'
import json, re, sys
free = [json.loads(l)["ts"] / 1e6 for l in open(sys.argv[1]) if '"event":"released"' in l][-1]
got = [float(m.group(1)) for m in (re.match(r"\[([\d.]+)\] \d+ bytes", l) for l in open(sys.argv[2])) if m]
got = [t for t in got if t > free]
print(f"# released flow works {got[0] - free:.2f} s after the decision" if got else "# released flow: nothing")
PY
tell unadmit $BAD
check "revoked, it is cut off again" wait_for 3 cut_off bad $NET4.10

# ---- the journal ----------------------------------------------------------------------------------------------
check "what was forged is in the journal" grep -q "$BAD" "$J"
check "kill -9: it stays cut off for now" cut_off bad $NET4.10
sensor_stop KILL
check "the lie outlives the sensor" cut_off pc $NET4.66
forget_events
sensor_start -j "$J" -o 2 -s 60000 "lan0,off,dhcp=$SRV"
check "the next start takes it back" wait_for 2 reach pc $NET4.66
check "on both sides" wait_for 2 reach bad $NET4.10
check "by IPv6 too" wait_for 2 reach6 pc $NET6::66
wait_for 3 sh -c "! grep -q '$BAD' $J"
refuse "and the journal owes nothing" grep -q "$BAD" "$J"
sensor_stop

# ---- also for a network that is no longer in the document -------------------------------------------------------
sed -i "s/\"observed_since\":[0-9]*/\"observed_since\":1000/" "$J"
forget_events
printf '{"format":"sekisho-isolation","networks":{"lan0":{"iso":{"bindings":[],"targets":[]},"observed_since":1000,"roles":[["'$AP'",8]]}},"version":1}' >"$J"
sensor_start -j "$J" -o 3600 -s 300 "lan0,on,dhcp=$SRV"
admit_all
everybody
SOON=6 soon "a network observed for long enough before is acted on after a restart" "e['event']=='isolated' and e['mac']=='$BAD'"
check "cut off" wait_for 3 cut_off pc $NET4.66
wait_for 2 grep -q "$BAD" "$J"
sensor_stop KILL
ip netns exec gw "$BUILD/sensorctl" -j "$J" <"$W/commands" >"$W/events2" 2>&1 &
SENSOR=$!
exec 7>"$W/commands"
check "a network that is no longer listed is taken back too" wait_for 3 reach pc $NET4.66
sensor_stop

# ---- a clean end ------------------------------------------------------------------------------------------------
printf '{"format":"sekisho-isolation","networks":{"lan0":{"iso":{"bindings":[],"targets":[]},"observed_since":1000,"roles":[["'$AP'",8]]}},"version":1}' >"$J"
forget_events
sensor_start -j "$J" -o 3600 -s 300 "lan0,on,dhcp=$SRV"
admit_all
everybody
SOON=6 soon "cut off once more" "e['event']=='isolated' and e['mac']=='$BAD'"
wait_for 3 cut_off pc $NET4.66
begin=$(date +%s%N)
sensor_stop TERM
check "ended soon" test $((($(date +%s%N) - begin) / 1000000)) -lt 2000
check "and the truth is back" reach pc $NET4.66
check "for the device too" reach bad $NET4.10
check "how long it was observed is kept" grep -q '"observed_since":1000' "$J"

# ---- an empty registry cuts nobody off, nor does a full house --------------------------------------------------------
forget_events
sensor_start -j "$J" -o 3600 -s 300 "lan0,on,dhcp=$SRV"
tell unadmit $PC
everybody
SOON=5 soon "nobody admitted: the registry cannot be right" "e['event']=='spared' and e['mac']=='$PC' and 'registry' in e['text']"
never "so nobody is cut off" "e['event']=='isolated'"
sensor_stop
forget_events
sensor_start -j "$J" -o 3600 -s 300 -x 1 "lan0,on,dhcp=$SRV"
tell admit $PC
everybody
SOON=5 soon "as many as allowed are cut off" "e['event']=='isolated'"
SOON=5 soon "the next is spared and told" "e['event']=='spared' and 'as many' in e['text']"
check "one" test "$(stat_of isolated)" = 1
tell mode lan0 off
soon "off again: released" "e['event']=='released'"
check "all reach all" wait_for 2 reach pc $NET4.66
check "all reach all" wait_for 2 reach prn $NET4.66
sensor_stop
finish
