#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Blocklists in the engine, with real clients and no rules at all: listed names are answered by the gateway,
# listed connections are ended at once and the client is told, allowed ones are left alone, what is only
# watched passes and is reported; addresses of listed names are learned; all of it survives a restart.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ips.sh"
sandbox "$@"
IPSD_OPTS="--user nobody" # answers need no right that it keeps
net_up
fwd_start
# An address of the internet: documentation addresses are never learned.
in_ns inet ip addr add 93.184.216.34/32 dev eth0
in_ns inet ip addr add 93.184.216.35/32 dev eth0
in_ns gw ip route add 93.184.216.0/24 via 203.0.113.10
cat >"$W/zone" <<'Z'
www.good.example A 203.0.113.10
www.good.example AAAA 2001:db8:113::10
www.evil.example A 203.0.113.10
late.example CNAME host.evil.example
host.evil.example A 93.184.216.34 3600
host.evil.example A 93.184.216.35
cdn.example A 93.184.216.35
inner.example CNAME fine.evil.example
fine.evil.example A 203.0.113.11
trial.example A 203.0.113.10
Z
in_ns inet python3 "$TOP/tests/netns/dns_serve.py" "$W/zone" 203.0.113.10 2001:db8:113::10 >"$W/dns.log" 2>&1 &
wait_for 10 grep -q ready "$W/dns.log"
serve inet 80,8080 443
for name in site evil; do
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$W/$name.key" -out "$W/$name.pem" -days 9 -subj "/CN=$name.host.example" \
		-addext "subjectAltName=DNS:$name.host.example,DNS:*.$name.example" >/dev/null 2>&1
done
tls_server() { # PORT NAME
	in_ns inet openssl s_server -quiet -accept "$1" -cert "$W/$2.pem" -key "$W/$2.key" -www -tls1_2 >>"$W/tls.log" 2>&1 &
	wait_for 10 in_ns inet bash -c "</dev/tcp/127.0.0.1/$1"
}
tls_server 443 site
tls_server 8443 evil
site_policy on closed
ipsd_start

list() { # HEAD ENTRY…: makes it and hands it to the engine
	local head=$1
	shift
	LIST_GEN=$((${LIST_GEN:-0} + 1))
	python3 "$TOP/tests/netns/mklist.py" $LIST_GEN "$head" malware:block trial:monitor -- "$@" >"$W/list"
	ips lists "$W/list"
}
ask() { in_ns lan python3 "$TOP/tests/netns/dns_ask.py" "$@" >"$W/ask" 2>&1; }
said() { grep -qE "$1" "$W/ask" || { cat "$W/ask"; return 1; }; }
# The client is told at once, by a reset (refused: of its first packet); on a busy machine within the time it would wait.
reset_of() { # also one that curl meets while it is still sending (55)
	local start=${EPOCHREALTIME/./} status
	in_ns lan curl -sk --max-time 3 -o "$W/got" "$@"
	status=$?
	echo "curl: $status after $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
	[ $((${EPOCHREALTIME/./} - start)) -lt 2500000 ] && case $status in 7 | 35 | 52 | 55 | 56) true ;; *) false ;; esac
}
fine() { in_ns lan curl -sk --max-time 3 -o "$W/got" "$@"; }
event() { # PATTERN…: one event has all of them
	local try
	for try in $(seq 60); do
		if python3 - "$W/events" "$@" <<-'PY'
		import json, sys
		def has(e, want):
		    key, _, value = want.partition("=")
		    for part in key.split("."):
		        e = e.get(part, {}) if isinstance(e, dict) else {}
		    return json.dumps(e).strip('"') == value
		sys.exit(0 if any(all(has(json.loads(l), w) for w in sys.argv[2:]) for l in open(sys.argv[1])) else 1)
		PY
		then return 0; fi
		read -rt 0.05 <> <(:) || :
	done
	tail -n 5 "$W/events"
	return 1
}
verdict() { ips test "$2" | grep -q "\"verdict\": \"$1\"" || { ips test "$2"; return 1; }; }

check "a name resolves while no list is loaded" ask 203.0.113.10 www.evil.example A
check "a blocklist loads without any rule set" list '{}' s evil.example malware d trial.example trial \
	d fine.evil.example -
check "the status counts it" eval 'ips status | grep -q "\"domains\": 3"'

# ---- DNS
for server in 203.0.113.10 2001:db8:113::10; do
	check "$server: a listed name is answered" ask $server www.evil.example A
	check "$server: no such name, for a minute" said '^NXDOMAIN question=www.evil.example rd ra SOA=minimum-60 ttl=60$'
	check "$server: another name is not touched" ask $server www.good.example A
	check "$server: and has its address" said 'A=203.0.113.10'
	check "$server: capitals make no difference" ask $server WwW.eViL.ExAmPlE AAAA
	check "$server: and come back as they were" said '^NXDOMAIN question=WwW.eViL.ExAmPlE'
	check "$server: with EDNS the reason is given" ask $server www.evil.example A edns
	check "$server: Blocked" said '^NXDOMAIN .* opt ede=15$'
	check "$server: to those who want DNSSEC as well" ask $server www.evil.example A "do"
	check "$server: not as if it were signed" said '^NXDOMAIN question=www.evil.example rd ra SOA=.* opt\+do ede=15$'
	ask $server www.evil.example A tcp
	check "$server: over TCP the connection is reset" [ $? = 3 ]
	check "$server: another name is answered over TCP" ask $server www.good.example AAAA tcp
done
check "the server was never asked for it since" eval '[ "$(grep -ci "^www.evil.example" "$W/dns.log")" = 1 ]'
check "an event tells who asked what and why" event event_type=drop sekisho.reason=blocklist sekisho.kind=dns \
	sekisho.feed=malware sekisho.entry=evil.example sekisho.name=www.evil.example sekisho.decision=answered \
	app_proto=dns in_iface=lan0 src_ip=192.168.10.10 proto=UDP
check "and of the reset" event sekisho.kind=dns sekisho.decision=reject proto=TCP
check "the allow-list wins" ask 203.0.113.10 fine.evil.example A
check "and the name has its address" said 'A=203.0.113.11'
check "a name of a feed on trial is not touched" ask 203.0.113.10 trial.example A
check "and reported" event event_type=allow sekisho.reason=blocklist sekisho.would_drop=true sekisho.feed=trial \
	sekisho.name=trial.example

# The C library's resolver, which every program uses: it gives up at once, on all addresses.
echo "nameserver 203.0.113.10" >"$W/resolv.conf"
echo "hosts: dns" >"$W/nsswitch.conf"
mount --bind "$W/resolv.conf" /etc/resolv.conf
[ ! -e /etc/nsswitch.conf ] || mount --bind "$W/nsswitch.conf" /etc/nsswitch.conf
start=${EPOCHREALTIME/./}
fine http://www.evil.example/
check "a program is told that there is no such host" [ $? = 6 ]
check "within a second" [ $((${EPOCHREALTIME/./} - start)) -lt 1000000 ]
check "and gets where it may go" fine http://www.good.example/

# ---- learned addresses
check "nothing is known against an address" fine http://93.184.216.34/
check "an answer that leads to a listed name is replaced" ask 203.0.113.10 late.example A
check "by no such name" said '^NXDOMAIN question=late.example'
check "the name's address is reported as learned" event event_type=inspection sekisho.action=learned \
	sekisho.address=93.184.216.34 sekisho.name=host.evil.example sekisho.feed=malware sekisho.ttl=3600
check "connections to it end at once" reset_of http://93.184.216.34/
check "with an event" event sekisho.kind=learned sekisho.entry=evil.example sekisho.name=host.evil.example \
	dest_ip=93.184.216.34
check "the address is known" verdict block 93.184.216.34
check "both its addresses are blocked" reset_of http://93.184.216.35/
check "until another name has one of them" ask 203.0.113.10 cdn.example A
check "which is shared, then" wait_for 3 fine http://93.184.216.35/
check "a name that leads to an allowed one is not touched" ask 203.0.113.10 inner.example A
check "and has its address, too" said 'A=203.0.113.11'
check "addresses of documentation and the like are not learned" verdict none 203.0.113.10

# ---- HTTP
evil='--resolve www.evil.example:80:203.0.113.10 --resolve www.evil.example:8080:203.0.113.10'
good='--resolve www.good.example:80:203.0.113.10 --resolve www.good.example:8080:203.0.113.10'
# shellcheck disable=SC2086
{
check "HTTP to a listed name is reset" reset_of $evil http://www.evil.example/
check "also on another port" reset_of $evil http://www.evil.example:8080/
check "and by HTTP/2" reset_of --http2-prior-knowledge $evil http://www.evil.example/
check "with an event" event sekisho.kind=http sekisho.decision=reject sekisho.name=www.evil.example app_proto=http
check "HTTP to another name is not touched" fine $good http://www.good.example/
check "URLs load" list '{}' u www.good.example/mal/ware.exe malware u www.good.example:8080/p?q=1 malware \
	u www.good.example/x%2Fy trial
check "a listed URL is reset" reset_of $good http://www.good.example/mal/ware.exe
check "with any query" reset_of $good "http://www.good.example/mal/ware.exe?id=7"
check "and however it is encoded" reset_of $good http://www.good.example/%6dal/w%61re.exe
check "with an event" event sekisho.kind=url sekisho.entry=www.good.example/mal/ware.exe
check "another path is not touched" fine $good http://www.good.example/mal/
check "a listed URL with port and query" reset_of $good "http://www.good.example:8080/p?q=1"
check "is not the one with another query" fine $good "http://www.good.example:8080/p?q=2"
check "one on trial passes" fine $good http://www.good.example/x%2fy
check "and is reported" event event_type=allow sekisho.kind=url sekisho.entry=www.good.example/x%2Fy
}

# ---- TLS
sni() { fine --resolve "$1:443:203.0.113.10" "https://$1/"; }
check "TLS works" sni a.site.example
check "names load" list '{"learn":false}' s evil.example malware d site.host.example malware
check "TLS to a listed name is reset" reset_of --resolve www.evil.example:443:203.0.113.10 https://www.evil.example/
check "over IPv6 too" reset_of --resolve "www.evil.example:443:[2001:db8:113::10]" https://www.evil.example/
check "with an event" event sekisho.kind=tls sekisho.decision=reject sekisho.name=www.evil.example app_proto=tls
check "a name of the certificate that is listed resets" reset_of --resolve odd.name.example:443:203.0.113.10 https://odd.name.example/
check "with an event told from the client's side" event sekisho.kind=cert sekisho.name=site.host.example \
	src_ip=192.168.10.10 dest_ip=203.0.113.10
check "but not a neighbour of the name that was asked for" sni a.site.example
check "with the name allowed" list '{"learn":false}' d site.host.example malware d odd.name.example - s evil.example malware
check "no name of the certificate counts" sni odd.name.example
check "without a name the certificate counts" reset_of --max-time 3 https://203.0.113.10:8443/
sha1=$(openssl x509 -in "$W/site.pem" -noout -fingerprint -sha1 | sed 's/.*=//;s/://g' | tr A-F a-f)
sha256=$(openssl x509 -in "$W/evil.pem" -noout -fingerprint -sha256 | sed 's/.*=//;s/://g' | tr A-F a-f)
check "certificates load" list '{}' c "$sha1" malware c "$sha256" trial
check "a listed certificate resets" reset_of --resolve a.site.example:443:203.0.113.10 https://a.site.example/
check "with an event" event sekisho.kind=cert "sekisho.entry=$sha1"
check "one on trial passes" fine https://203.0.113.10:8443/
check "and is reported" event event_type=allow sekisho.kind=cert "sekisho.entry=$sha256"
# Settings of the engine change with these policies: it starts anew.
restarts() {
	local was
	was=$(ips status | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])')
	ips apply "$W/policy.json" || return 1
	wait_for 10 eval "ips status | grep -q '\"pid\"' && ! ips status | grep -q '\"pid\": $was,'"
}
printf 'alert tcp any any -> any 1 (msg:"none"; content:"x"; sid:1; rev:1;)\n' >"$W/none.rules"
policy "$W/none.rules" '{"engine": {"bypass": true, "log": ["tls"]}}'
check "a policy that writes of TLS" restarts
tls_event() { grep '"event_type": "tls"' "$W/events" | grep -q ja4; }
wait_for 5 tls_event || { fine https://203.0.113.10:8443/; wait_for 5 tls_event; }
hello=$(python3 -c '
import json, sys
for line in open(sys.argv[1]):
    e = json.loads(line)
    if e["event_type"] == "tls" and "ja4" in e["tls"]:
        print(e["tls"]["ja3"]["hash"], e["tls"]["ja4"])' "$W/events" | tail -n 1)
check "curl's fingerprints are known: $hello" [ -n "$hello" ]
check "JA3 loads" list '{}' j "${hello% *}" malware
check "a listed JA3 resets" reset_of https://203.0.113.10:8443/
check "with an event" event sekisho.kind=ja3 "sekisho.entry=${hello% *}"
check "JA4 loads" list '{}' k "${hello#* }" malware
check "a listed JA4 resets" reset_of https://203.0.113.10:8443/
check "with an event" event sekisho.kind=ja4 "sekisho.entry=${hello#* }"

# ---- flows that a pass rule let go
printf 'pass ip any any -> any any (msg:"all is well"; sid:1; rev:1;)\n' >"$W/pass.rules"
policy "$W/pass.rules" '{"engine": {"bypass": true}}'
check "a rule that passes everything" restarts
check "names load" list '{"dns":{"answer":"address","a":"192.0.2.80"}}' s evil.example malware
check "a passed connection is held against the list" reset_of --resolve www.evil.example:443:203.0.113.10 https://www.evil.example/
# shellcheck disable=SC2086
check "HTTP as well" reset_of $evil http://www.evil.example/
check "and so are queries" ask 203.0.113.10 www.evil.example A
check "answered with the site's address" said '^NOERROR question=www.evil.example rd ra A=192.0.2.80 ttl=60$'
check "and for a type without one" ask 203.0.113.10 www.evil.example AAAA edns
check "with no data" said '^NOERROR question=www.evil.example rd ra SOA=.* opt ede=15$'

# ---- QUIC
quic() { in_ns lan python3 "$TOP/tests/netns/quic_hello.py" "$@"; }
check "QUIC to another name passes" quic 203.0.113.10 www.good.example
quic 203.0.113.10 www.evil.example >/dev/null
check "QUIC to a listed name is refused, and the client told" [ $? = 3 ]
check "over IPv6 another passes" quic 2001:db8:113::10 www.good.example
quic 2001:db8:113::10 www.evil.example >/dev/null
check "a listed one does not" [ $? = 3 ]
check "with an event" event sekisho.kind=quic sekisho.name=www.evil.example app_proto=quic

# ---- the ports of a rejected connection may be taken again at once
in_ns lan sysctl -qw net.ipv4.tcp_max_tw_buckets=0 # the client's own TIME_WAIT would keep it from them
again() {
	local p
	for p in $(seq 40000 40009); do
		# shellcheck disable=SC2086
		reset_of --local-port "$p" $evil http://www.evil.example/ || return 1
		# shellcheck disable=SC2086
		fine --local-port "$p" $good http://www.good.example/ || return 1
	done
}
check "from the ports of a rejected connection another one passes" again
# shellcheck disable=SC2086
check "and a listed one does not" reset_of --local-port 40000 $evil http://www.evil.example/

# ---- a big list, changed under traffic
python3 -c '
for i in range(200000):
    print("d", f"n{i:06d}.many.example", "malware")
print("s evil.example malware")' >"$W/many"
many() {
	LIST_GEN=$((LIST_GEN + 1))
	python3 "$TOP/tests/netns/mklist.py" $LIST_GEN '{"dns":{"answer":"address","a":"192.0.2.80"}}' malware:block trial:monitor \
		-- <"$W/many" >"$W/list"
	ips lists "$W/list"
}
check "a list of 200,000 names" many
in_ns lan python3 "$TOP/tests/netns/ips_load.py" 203.0.113.10 80 / 19 3 >"$W/load" 2>&1 &
LOAD=$!
for i in 1 2 3; do check "once more ($i) under load" many; done
check "a listed name of many" ask 203.0.113.10 N199999.many.example A
check "is answered" said 'A=192.0.2.80'
wait $LOAD
check "no request failed meanwhile ($(cat "$W/load"))" grep -q ' 0 failed' "$W/load"
check "the status has the size: $(ips status | grep -oE '"domains": [0-9]+')" eval 'ips status | grep -q "\"domains\": 200001"'

# ---- a list with a mistake, a restart, captures
sed 's/^s evil.example/s evil.exampl/' "$W/list" >"$W/bad"
refuse "a damaged list is refused" ips lists "$W/bad"
printf '{"format":"sekisho-blocklist","version":1,"generation":1,"feeds":[],"dns":{"answer":"ouch"}}\n' >"$W/bad"
refuse "and one that is none" ips lists "$W/bad"
check "the old one stays" ask 203.0.113.10 www.evil.example A
check "and acts" said 'A=192.0.2.80'
kill "$IPSD"
wait "$IPSD" 2>/dev/null
ipsd_start
check "a restart keeps it" ask 203.0.113.10 www.evil.example A
check "and it acts" said 'A=192.0.2.80'
check "the status knows it" eval "ips status | grep -q '\"generation\": $LIST_GEN'"
check "test: a name" verdict block www.evil.example
check "test: another" verdict none www.good.example
check "test: a URL" verdict none http://www.good.example/mal
check "test: a URL on a listed host" verdict block http://www.evil.example:8080/x
in_ns lan tcpdump -i eth0 -w "$W/cap.pcap" -U port 53 or port 80 or port 443 2>"$W/tcpdump.log" &
wait_for 5 grep -q listening "$W/tcpdump.log"
ask 203.0.113.10 www.evil.example A
# shellcheck disable=SC2086
reset_of $evil http://www.evil.example/ >/dev/null
reset_of --resolve www.evil.example:443:203.0.113.10 https://www.evil.example/ >/dev/null
captured() { [ "$(tcpdump -nr "$W/cap.pcap" 2>/dev/null | wc -l)" -ge 12 ]; }
wait_for 5 captured
check "captures are read with a blocklist and no rules" "$BUILD/sekisho-ipsd" --read "$W/cap.pcap" --blocklist "$W/list" \
	--inline --log-dir "$W/offline"
check "and tell what would be blocked" eval 'grep "\"event_type\":\"drop\"" "$W/offline/eve.json" | grep -q "\"name\":\"www.evil.example\""'
check "of TLS as well" eval 'grep "\"event_type\":\"drop\"" "$W/offline/eve.json" | grep -q "\"kind\":\"tls\""'
check "and of HTTP" eval 'grep "\"event_type\":\"drop\"" "$W/offline/eve.json" | grep -q "\"kind\":\"http\""'
check "beside the path as well" "$BUILD/sekisho-ipsd" --read "$W/cap.pcap" --blocklist "$W/list" --log-dir "$W/offline"
for kind in dns tls http; do
	check "$kind is only reported there" eval 'grep "\"event_type\":\"allow\"" "$W/offline/eve.json" | grep "\"kind\":\"'$kind'\"" |
		grep -q "\"would_drop\":true"'
done
check "nothing crashed" eval '! grep -qE "ERROR|killed|died" "$W/ipsd.log"'
finish
