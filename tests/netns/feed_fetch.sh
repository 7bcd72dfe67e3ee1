#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# sekisho-feed against HTTPS servers that give good and bad feeds, with a CA of their own.
. "$(dirname "$0")/lib.sh"
sandbox "$@"

D=$W/feeds
mkdir -p "$D/www"
chmod 755 "$W" "$D" "$D/www"

# ---- certificates ----
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$D/$1.key" 2>/dev/null; }
cert() { # NAME ALTNAMES DAYS…: signed by our CA
	local name=$1 alt=$2
	shift 2
	key "$name"
	openssl req -new -key "$D/$name.key" -subj "/CN=feeds.test" -out "$D/$name.csr" 2>/dev/null
	printf 'subjectAltName=%s\n' "$alt" >"$D/$name.ext"
	openssl x509 -req -in "$D/$name.csr" -CA "$D/ca.crt" -CAkey "$D/ca.key" -CAcreateserial \
		-extfile "$D/$name.ext" -out "$D/$name.crt" "$@" 2>/dev/null
}
key ca
openssl req -x509 -new -key "$D/ca.key" -subj "/CN=Test CA" -days 30 -out "$D/ca.crt" 2>/dev/null
cert good IP:127.0.0.1,DNS:localhost -days 30
cert wrongname DNS:elsewhere.test -days 30
cert expired IP:127.0.0.1 -days -1
key selfsigned
openssl req -x509 -new -key "$D/selfsigned.key" -subj "/CN=x" -days 30 \
	-addext subjectAltName=IP:127.0.0.1 -out "$D/selfsigned.crt" 2>/dev/null
openssl genpkey -algorithm ed25519 -out "$D/sign.key"
chmod 644 "$D"/ca.crt

# ---- the server and the program ----
mkdir -p "$W/samples"
cp "$TOP"/tests/feeds/* "$W/samples/"
chmod -R a+rX "$W/samples"
python3 "$TOP/tests/netns/feed_server.py" "$D" "$W/samples" >"$W/server.log" 2>&1 &
printf '# keys\nkeyed = s3cret-of-the-feed\nwrongkey=another\n' >"$W/feeds.secrets"
chmod 600 "$W/feeds.secrets"
cp "$BUILD/sekisho-feed" "$W/sekisho-feed"
"$W/sekisho-feed" --listen /run/sekisho/feed.sock --user nobody --allow-user "$TANAKA" \
	--secrets "$W/feeds.secrets" --ca "$D/ca.crt" --log-level 7 >"$W/feed.log" 2>&1 &
FEED=$!
wait_for() { # COMMAND…
	local i
	for ((i = 0; i < 600; i++)); do
		"$@" 2>/dev/null && return 0
		sleep 0.1
	done
	return 1
}
check "the test servers are up" wait_for grep -q ready "$W/server.log"
check "sekisho-feed listens" wait_for test -S /run/sekisho/feed.sock

# ---- who may ask ----
check "the socket is the manager's alone" test "$(stat -c '%u %a' /run/sekisho/feed.sock)" = "$TANAKA 600"
probe() { # as UID
	python3 -c "
import os, sys
sys.path.insert(0, '$TOP/tests/netns')
import feedctl
os.setgroups([])
os.setgid($1)
os.setuid($1)
a = feedctl.ask('/run/sekisho/feed.sock', 'feed.parse', {'definition': {'name': 'x', 'title': {'en': 'X'},
  'kind': 'address', 'path': '/x', 'format': 'addresses'}, 'now': 1}, b'192.0.2.1')
sys.exit(a.code != 0)"
}
check "the manager may ask" probe "$TANAKA"
refuse "somebody else may not connect" probe "$SATO"
chmod 666 /run/sekisho/feed.sock
refuse "somebody else is not served even when the socket lets in" probe "$SATO"
chmod 600 /run/sekisho/feed.sock

# ---- every feed, good and bad ----
python3 "$TOP/tests/netns/feed_try.py" /run/sekisho/feed.sock "$D" "$W/samples"
FAILED=$((FAILED + $?))

# ---- as the service manager starts it: descriptor 3 is the connection (sd_listen_fds(3)) ----
mkdir -p "$W/cred"
cp "$W/feeds.secrets" "$W/cred/feeds"
check "a connection of the service manager is served, with its credential" python3 -c "
import os, socket, sys
sys.path.insert(0, '$TOP/tests/netns')
import feedctl
at = '$W/activated.sock'
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(at)
s.listen(1)
if os.fork() == 0:
    c, _ = s.accept()
    os.dup2(c.fileno(), 3)
    env = dict(os.environ, LISTEN_FDS='1', LISTEN_PID=str(os.getpid()), CREDENTIALS_DIRECTORY='$W/cred')
    os.execve('$W/sekisho-feed', ['sekisho-feed', '--ca', '$D/ca.crt'], env)
a = feedctl.ask(at, 'feed.fetch', {'definition': {'name': 'keyed', 'title': {'en': 'X'}, 'kind': 'name',
  'url': 'https://127.0.0.1:8443/keyheader/', 'format': 'domains', 'api_key_header': 'Auth-Key'}, 'now': 1})
assert a.code == 0 and a.list, a.end
assert os.wait()[1] == 0"

check "no key stands in the log" test "$(grep -c s3cret "$W/feed.log")" = 0
check "it still runs after all that" kill -0 "$FEED"
kill "$FEED"
check "it ends when asked" wait "$FEED"
finish
