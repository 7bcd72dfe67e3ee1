# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# FreeRADIUS with our configuration in the gateway, two switches, and certificates. Sourced behind lib.sh.
#   gw 10.77.0.1 ── sw1 10.77.0.11 (managed)      sw2 10.77.1.11: nobody registered it

R=$W/radius
MGMT=2105 RADIUS=2106
SECRET=switch-secret-for-tests GATEWAY=gateway-secret-for-tests
SWITCH_LOG=$W/switch.jsonl

radius_net() {
	local i
	ip netns add gw
	in_ns gw ip link set lo up
	for i in 0 1; do
		ip netns add "sw$((i + 1))"
		ip link add "sw$i" netns gw type veth peer name eth0 netns "sw$((i + 1))"
		in_ns gw ip addr add "10.77.$i.1/24" dev "sw$i"
		in_ns gw ip link set "sw$i" up
		in_ns "sw$((i + 1))" ip addr add "10.77.$i.11/24" dev eth0
		in_ns "sw$((i + 1))" ip link set eth0 up
		in_ns "sw$((i + 1))" ip link set lo up
		in_ns "sw$((i + 1))" ip route add default via "10.77.$i.1"
	done
}

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$R/pki/$1.key" 2>/dev/null; }
cert() { # NAME CN CA [OPTIONS…]
	local name=$1 cn=$2 ca=$3
	shift 3
	key "$name"
	openssl req -new -key "$R/pki/$name.key" -subj "/CN=${cn//\//\\/}" -out "$R/pki/$name.csr" 2>/dev/null
	printf 'subjectAltName=DNS:%s\nextendedKeyUsage=clientAuth,serverAuth\n' "${ALT:-$name.test}" >"$R/pki/ext"
	openssl x509 -req -in "$R/pki/$name.csr" -CA "$R/pki/$ca.pem" -CAkey "$R/pki/$ca.key" -CAcreateserial \
		-extfile "$R/pki/ext" -days 30 -out "$R/pki/$name.pem" "$@" 2>/dev/null
}
radius_files() {
	mkdir -p "$R"/{pki,export,spool,state,events,raddb,run}
	chmod 755 "$W" "$R" "$R/pki"
	chown $MGMT:$RADIUS "$R/export"
	chown $RADIUS:$MGMT "$R/spool"
	chown $MGMT:$MGMT "$R/state" "$R/events"
	chown $RADIUS:$RADIUS "$R/run"
	chmod 2750 "$R/export"
	chmod 2770 "$R/spool"
	cp "$TOP"/configs/freeradius/* "$R/raddb/"
	for ca in ca evil; do
		key $ca
		openssl req -x509 -new -key "$R/pki/$ca.key" -subj "/CN=$ca" -days 30 -out "$R/pki/$ca.pem" 2>/dev/null
	done
	cert server radius.test ca
	chown $RADIUS "$R/pki/server.key"
	printf '# who may ask\ngateway:%s\nsw:%s\n' "$GATEWAY" "$SECRET" >"$R/secrets"
	printf 'tanaka:%s\nsato:%s\n' "$(nt_hash himitsu-no-kagi)" "$(nt_hash another-password)" >"$R/users"
	chown $RADIUS:$MGMT "$R/secrets" "$R/users"
	chmod 640 "$R/secrets" "$R/users"
}
nt_hash() { smbencrypt "$1" 2>/dev/null | awk '{print $2}'; }

radiusctl_start() { # commands go to descriptor 7, answers and events come in $W/radiusctl.out
	[ -p "$W/radiusctl.in" ] || mkfifo "$W/radiusctl.in"
	ip netns exec gw setpriv --reuid=$MGMT --regid=$MGMT --clear-groups "$BUILD/radiusctl" "$R/export/export.db" \
		"$R/state/switches.db" "$R/spool" "$R/secrets" "$R/events" <"$W/radiusctl.in" >>"$W/radiusctl.out" \
		2>>"$W/radiusctl.log" &
	RADIUSCTL=$!
	exec 7>"$W/radiusctl.in"
}
radiusctl_stop() {
	echo '{"op":"quit"}' >&7
	exec 7>&-
	wait "$RADIUSCTL"
}
# As sekisho-radius.service starts it, without the service manager.
freeradius_start() {
	ip netns exec gw env -i TZ=UTC PATH="$PATH" SEKISHO_RADIUS_CONFIG="$R/raddb" SEKISHO_RADIUS_RUN="$R/run" \
		SEKISHO_RADIUS_EXPORT="$R/export/export.db" SEKISHO_RADIUS_SPOOL="$R/spool" \
		SEKISHO_RADIUS_SECRETS="$R/secrets" SEKISHO_RADIUS_USERS="$R/users" \
		SEKISHO_RADIUS_CA="$R/pki/ca.pem" SEKISHO_RADIUS_CERT="$R/pki/server.pem" \
		SEKISHO_RADIUS_KEY="$R/pki/server.key" SEKISHO_RADIUS_ADDRESS='*' \
		SEKISHO_RADIUS_AUTH_PORT=1812 SEKISHO_RADIUS_ACCT_PORT=1813 \
		setpriv --reuid=$RADIUS --regid=$RADIUS --clear-groups --no-new-privs \
		bash -c 'umask 0027; exec freeradius -f -l stdout -d "$SEKISHO_RADIUS_CONFIG" "$@"' radius "$@" \
		>>"$W/freeradius.log" 2>&1 &
	FREERADIUS=$!
	wait_for 10 listening
}
listening() { in_ns gw ss -Huln sport = :1813 | grep -q 1813; }
freeradius_stop() {
	kill "$FREERADIUS"
	wait "$FREERADIUS"
}
radius_missing() {
	local p
	for p in freeradius radclient eapol_test smbencrypt; do
		command -v $p >/dev/null || { echo $p; return; }
	done
}
