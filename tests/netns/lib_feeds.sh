# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A publisher of blocklists in the gateway's namespace, and sekisho-feed. Sourced after lib.sh.

# publisher_up: https://localhost:8443/ gives what is in $W/www, with a certificate sekisho-feed trusts
publisher_up() {
	mkdir -p "$W/www" "$W/feeds"
	chmod 755 "$W"
	[ -s "$W/cert.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj /CN=localhost -addext 'subjectAltName=DNS:localhost' -keyout "$W/key.pem" \
		-out "$W/cert.pem" 2>"$W/openssl.log"
	chmod 644 "$W/cert.pem"
	: >"$W/publisher.log"
	ip netns exec gw python3 "$TOP/tests/netns/https_dir.py" "$W/www" 8443 "$W/cert.pem" "$W/key.pem" \
		>>"$W/publisher.log" 2>&1 &
	PUBLISHER=$!
	wait_for 10 grep -q ready "$W/publisher.log"
}
publisher_down() {
	kill "$PUBLISHER"
	wait "$PUBLISHER" 2>/dev/null
	return 0
}
feed_start() {
	ip netns exec gw "$BUILD/sekisho-feed" --listen /run/sekisho/feed.sock --user nobody \
		--allow-user 0 --ca "$W/cert.pem" >>"$W/feed.log" 2>&1 &
	wait_for 10 test -S /run/sekisho/feed.sock
}

# published FILE: it was changed just now, as If-Modified-Since, which knows whole seconds, cannot see
PUBLISHED=0
published() {
	PUBLISHED=$((PUBLISHED + 2))
	touch -d "@$((EPOCHSECONDS + PUBLISHED))" "$W/www/$1"
}

# feed_is NAME KEY VALUE: what blocklist list --all says of it (JSON)
feed_is() {
	as $KANSA --json blocklist list --all | python3 -c 'import json, sys
name, key, value = sys.argv[1:]
rows = {r["name"]: r for r in json.load(sys.stdin)}
sys.exit(str(rows.get(name, {}).get(key)) != value)' "$@"
}
# why_is VALUE EXPRESSION: of why's answer r, in Python
why_is() {
	as $KANSA --json why "$1" | python3 -c 'import json, sys
r = json.load(sys.stdin)
sys.exit(not eval("(" + sys.argv[1] + ")"))' "$2"
}
# tested VALUE VERDICT [FEED]: what firewall or inspection does with it
tested() {
	as $KANSA --json blocklist test "$1" | python3 -c 'import json, sys
r = json.load(sys.stdin)[0]
sys.exit(r["verdict"] != sys.argv[1] or (len(sys.argv) > 2 and r.get("feed") != sys.argv[2]))' "${@:2}"
}
