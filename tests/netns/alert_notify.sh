#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is urgent is told by mail and webhook, to real servers: with TLS, with the password of a root-only
# file, limited, again after a failure, and without mgmtd ever waiting for them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ips.sh"
sandbox "$@"
if ! command -v openssl >/dev/null; then
	skip "notification by mail and webhook" "no openssl to make a certificate with"
	[ -z "${REQUIRE_ALL:-}" ]
	exit
fi
net_up
fwd_start
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext 'subjectAltName=DNS:localhost' \
	-keyout "$W/key.pem" -out "$W/cert.pem" 2>"$W/openssl.log"
printf 'smtp_user=gw\nsmtp_password=pa ss=word\nwebhook_authorization=Bearer abc\nca_file=%s\n' "$W/cert.pem" >"$W/secrets"
chmod 600 "$W/secrets"
mgmtd_start --rules-dir $STATE/rules --profiles "$TOP/configs/ips" --secrets "$W/secrets"
site_up
apply || exit 1
serve inet 80 ''
rule_add --source any --destination any --direction 'lan->wan' --protocol tcp --port 80 >/dev/null
in_ns gw python3 "$TOP/tests/netns/receiver.py" "$W/mailbox" 2525 8443 "$W/cert.pem" "$W/key.pem" >"$W/receiver.log" 2>&1 &
wait_for 10 grep -q ready "$W/receiver.log"
while read -r key value; do
	as $TANAKA setting set "$key" "$value" --purpose 'notification' >/dev/null || not_ok "setting $key"
done <<'S'
notify.mail_server smtp://localhost:2525
notify.mail_from gateway@example.jp
notify.mail_to sato@example.jp,suzuki@example.jp
notify.webhook https://localhost:8443/hook
notify.per_rule 2
inspection.mode on
inspection.queues 2
ips.trial_days 0
ips.profile balanced
S
refuse "a webhook without TLS is refused" as $TANAKA setting set notify.webhook http://localhost/ --purpose x
refuse "a header cannot be slipped in" as $TANAKA setting set notify.mail_from $'a@b\nBcc: c@d' --purpose x
refuse "before approval nothing can be sent" as $TANAKA notify test
mapfile -t waiting < <(as $SATO --json change list --state requested | python3 -c \
	'import json,sys; [print(c["number"]) for c in json.load(sys.stdin)]')
as $SATO change approve "${waiting[@]}" >/dev/null || not_ok "approve"
apply || not_ok "apply"
got() { python3 - "$W/mailbox" "$@" <<'PY'
import json, sys
want = dict(w.split("=", 1) for w in sys.argv[2:])
for line in open(sys.argv[1], encoding="utf-8"):
    e = json.loads(line)
    if all(v in json.dumps(e.get(k, ""), ensure_ascii=False) for k, v in want.items()):
        sys.exit(0)
sys.exit(1)
PY
}
count() { [ "$(grep -c "$1" "$W/mailbox")" = "$2" ]; }
check "a test is sent" as $TANAKA notify test
check "it arrives as mail, both recipients, encrypted" wait_for 10 got way=mail subject=通知の試験 to=suzuki@example.jp tls=true
check "with name and password" got way=mail auth=AGd3AHBhIHNzPXdvcmQ=
check "and at the webhook, with its authorization" wait_for 10 got way=webhook 'auth=Bearer abc' 'body="kind": "test"'

# ---- a real alert
cat >"$W/a.rules" <<'R'
alert tcp any any -> any 80 (msg:"exploit string"; flow:established,to_server; content:"${jndi:ldap"; classtype:trojan-activity; metadata:signature_severity Major, confidence High, deployment Perimeter; sid:1; rev:1;)
alert tcp any any -> any 80 (msg:"not urgent"; flow:established,to_server; content:"LOOK"; classtype:misc-activity; sid:2; rev:1;)
R
mkdir -p $STATE/ips
ip netns exec gw "$BUILD/sekisho-ipsd" --state-dir $STATE/ips --run-dir /run/sekisho --queues 2 >>"$W/ipsd.log" 2>&1 &
check_quiet as $TANAKA ips rules import "$W/a.rules"
in_use() { as $KANSA --json ips status | grep -q '"policy_state": *"in_use"' && as $KANSA --json ips status |
	grep -q '"loaded": *2'; }
wait_for 20 in_use || not_ok "rules in use"
refuse "the exploit is blocked" try lan 203.0.113.10 80 'GET /${jndi:ldap://x} HTTP/1.0\r\n\r\n'
check "it is mailed, with what and who" wait_for 10 got way=mail 'subject=遮断しました: exploit string' text=192.168.10.10
check "and posted" wait_for 10 got way=webhook 'body="signature_id": 1'
try lan 203.0.113.10 80 'GET /LOOK HTTP/1.0\r\n\r\n'
seen2() { as $KANSA --json alert list | grep -q '"sid": *2\b'; }
check "what is not urgent is recorded …" wait_for 5 seen2
refuse "… but not mailed" grep -q 'not urgent' "$W/mailbox"

# ---- limits: the other hosts make alerts of their own, since repeats of one are folded already
for source in 192.168.10.11 2001:db8:10::10 2001:db8:10::11; do
	case $source in *:*) dst='[2001:db8:113::10]' ;; *) dst=203.0.113.10 ;; esac
	in_ns lan curl -gs --max-time 1 --interface $source "http://$dst/" -H 'X: ${jndi:ldap://x}' >/dev/null
done
held() { as $KANSA --json status | tr -d ' \n' | grep -q '"held":2,'; }
check "beyond two an hour a signature's alerts are held back and counted" wait_for 10 held
check "two mails, not four" count '"subject": "[^"]*exploit string' 2

# ---- the servers fail: tried again, shown, nobody waits
touch "$W/mailbox.down"
as $TANAKA notify test >/dev/null
failing() { as $KANSA --json status | tr -d ' \n' | grep -q '"error_at":[1-9]' &&
	as $KANSA status | grep -q 'notifications cannot be sent'; }
check "a failure is in the status" wait_for 30 failing
start=$(date +%s%N)
as $KANSA status >/dev/null
check "the daemon answers meanwhile" [ $((($(date +%s%N) - start) / 1000000)) -lt 1000 ]
rm "$W/mailbox.down"
n=$(grep -c 通知の試験 "$W/mailbox")
again() { [ "$(grep -c 通知の試験 "$W/mailbox")" -gt "$n" ]; }
check "it is sent when they are back" wait_for 30 again
check "the audit log has the test" bash -c "$(declare -f as); BUILD=$BUILD
	as $KANSA --json audit list | grep -q notify.test"
refuse "no password in any log or answer" grep -rq 'pa ss=word' "$W/mgmtd.log" $STATE/mgmtd/eve.json
finish
