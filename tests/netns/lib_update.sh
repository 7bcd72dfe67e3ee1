# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A publisher of updates, a bus with a stand-in for RAUC, sekisho-update and sekisho-system. Sourced after lib.sh.

U=/run/test/update
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/test/bus

update_keys() { # an authority, a signer, another authority with its signer
	local a
	mkdir -p "$U/keys" "$U/www" "$U/fake"
	for a in ca other; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Authority $a" \
			-addext 'basicConstraints=critical,CA:TRUE' -keyout "$U/keys/$a.key" -out "$U/keys/$a.pem"
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=Release of $a" \
			-keyout "$U/keys/$a-sign.key" -out "$U/keys/$a-sign.csr"
		openssl x509 -req -in "$U/keys/$a-sign.csr" -CA "$U/keys/$a.pem" -CAkey "$U/keys/$a.key" -CAcreateserial \
			-days 30 -out "$U/keys/$a-sign.pem"
	done 2>"$W/openssl.log"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-addext 'subjectAltName=DNS:localhost' -keyout "$U/keys/tls.key" -out "$U/keys/tls.pem" 2>>"$W/openssl.log"
	cp "$U/keys/ca.pem" "$U/keyring.pem"
	chmod 755 "$W" "$U" "$U/keys" "$U/www"
	chmod 644 "$U/keyring.pem" "$U/keys/tls.pem"
}

# bundle VERSION [AUTHORITY [COMPATIBLE]]: $U/www/sekisho-VERSION.raucb, as the image's build makes it
bundle() {
	local v=$1 d=$U/bundle
	rm -rf "$d" "$U/www/sekisho-$v.raucb"
	mkdir -p "$d"
	head -c 3000000 /dev/urandom >"$d/root.img"
	head -c 100000 /dev/urandom >"$d/boot.img"
	printf '[update]\ncompatible=%s\nversion=%s\n[bundle]\nformat=verity\n[image.boot]\nfilename=boot.img\n[image.root]\nfilename=root.img\n' \
		"${3:-sekisho-amd64}" "$v" >"$d/manifest.raucm"
	rauc bundle --cert="$U/keys/${2:-ca}-sign.pem" --key="$U/keys/${2:-ca}-sign.key" "$d" \
		"$U/www/sekisho-$v.raucb" >"$W/bundle.log" 2>&1
}

# publish VERSION [AUTHORITY [MORE JSON OF THE RELEASE]]: latest.json with its signature
publish() {
	local v=$1 f=$U/www/sekisho-$1.raucb
	printf '{"format":"sekisho-update","version":1,"published":"2026-11-30T00:00:00Z"%s,"releases":[{"version":"%s","compatible":"sekisho-amd64","file":"sekisho-%s.raucb","size":%s,"sha256":"%s"%s}]}' \
		"${INDEX_MORE:-}" "$v" "$v" "$(stat -c %s "$f")" "$(sha256sum "$f" | cut -d' ' -f1)" "${3:-}" \
		>"$U/www/latest.json"
	openssl cms -sign -binary -in "$U/www/latest.json" -signer "$U/keys/${2:-ca}-sign.pem" \
		-inkey "$U/keys/${2:-ca}-sign.key" -outform DER -out "$U/www/latest.json.p7s" 2>>"$W/openssl.log"
}

update_server() {
	python3 "$TOP/tests/netns/update_server.py" "$U/www" 8444 "$U/keys/tls.pem" "$U/keys/tls.key" >"$W/server.log" 2>&1 &
	wait_for 10 grep -q ready "$W/server.log"
}

bus_up() {
	printf '<busconfig><type>system</type><listen>%s</listen><auth>EXTERNAL</auth><policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/></policy></busconfig>' \
		"$DBUS_SYSTEM_BUS_ADDRESS" >"$U/bus.conf"
	dbus-daemon --config-file="$U/bus.conf" --nofork --nopidfile >"$W/bus.log" 2>&1 &
	wait_for 10 test -S /run/test/bus
	chmod 666 /run/test/bus
}

fake_up() {
	grub-editenv "$U/fake/grubenv" create
	grub-editenv "$U/fake/grubenv" set 'ORDER=A B' A_OK=1 A_TRY=1 B_OK=0 B_TRY=0 reset=0
	"$BUILD/rauc_fake" "$U/fake" >"$W/fake.log" 2>&1 &
	wait_for 10 grep -q ready "$W/fake.log"
}
booted() { # SLOT HASH: what the kernel's command line says
	echo "quiet rauc.slot=$1 sekisho.slot=${1,} sekisho.hash=$2" >"$U/cmdline"
}

update_start() {
	mkdir -p "$U/state" "$U/health"
	chown nobody "$U/state"
	"$BUILD/sekisho-update" --listen /run/sekisho/update.sock --user nobody --allow-user 0 --state-dir "$U/state" \
		--health-dir "$U/health" --keyring "$U/keyring.pem" --cmdline "$U/cmdline" --version-file "$U/version" \
		--grubenv "$U/fake/grubenv" --ca "$U/keys/tls.pem" --log-level 7 >>"$W/update.log" 2>&1 &
	UPDATE=$!
	"$BUILD/sekisho-system" --listen /run/sekisho/system.sock --grubenv "$U/fake/grubenv" --allow-user 0 >>"$W/system.log" 2>&1 &
	wait_for 10 test -S /run/sekisho/update.sock
	wait_for 10 test -S /run/sekisho/system.sock
}
