#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# No.104: every filter rule has its record with all nine fields, approved by another person; the kernel
# holds no rule without one; unneeded rules are found; a review is driven and signed off.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
gateway_up
serve inet 80,443 ''

full=(--source 192.168.10.10 --destination 203.0.113.10 --direction 'lan->wan' --protocol tcp --port 80
	--purpose 'order system')
drop_field() { # the request without one option
	local want=$1 out=() i=0
	while [ $i -lt ${#full[@]} ]; do
		[ "${full[$i]}" = "--$want" ] || out+=("${full[$i]}" "${full[$((i + 1))]}")
		i=$((i + 2))
	done
	as $TANAKA rule request "${out[@]}"
}
for f in source destination direction protocol port purpose; do
	refuse "no104_mandatory_$f: a request without it is refused" drop_field $f
	if grep -q "$f" "$W/check.out"; then ok "no104_mandatory_$f: the error names the field"; else
		not_ok "no104_mandatory_$f: the error names the field"; cat "$W/check.out"; fi
done
refuse "no104_expiry: later than a year is refused" as $TANAKA rule request "${full[@]}" --expiry 2099-01-01
refuse "no104_expiry: in the past is refused" as $TANAKA rule request "${full[@]}" --expiry 2020-01-01
refuse "no104_any: any must be written, not left out" as $TANAKA rule request --source '' "${full[@]:2}"

n=$(as $TANAKA --json rule request "${full[@]}" | python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])')
check "no104_request: the record has a number" test "$n" -ge 1001
as $TANAKA --json rule show "$n" >"$W/rule.json"
for f in applicant source destination direction protocol port purpose registered expiry; do
	check "no104_field_$f: is in the record" grep -q "\"$f\":" "$W/rule.json"
done
refuse "no104_approval: the applicant cannot approve" as $TANAKA rule approve "$n"
refuse "no104_approval: a person without the role cannot approve" as $SUZUKI rule approve "$n"
refuse "no104_approval: root cannot approve" sk rule approve "$n"
refuse "no104_approval: a stranger cannot even look" as 2999 rule show "$n"
as $TANAKA apply --confirm 0 >/dev/null 2>&1
refuse "no104_approval: nothing passes before approval" tcp_try lan 203.0.113.10 80 192.168.10.10
check "no104_return: the approver returns it with a reason" as $SATO rule return "$n" --reason 'which server?'
refuse "no104_return: a returned request cannot be approved" as $SATO rule approve "$n"
check "no104_submit: the applicant sends it again" as $TANAKA rule submit "$n"
check "no104_approval: another person approves" as $SATO rule approve "$n" --comment 'checked with sales'
check "no104_apply" as $TANAKA apply --confirm 0
check "no104_active: it passes" tcp_try lan 203.0.113.10 80 192.168.10.10

# The kernel holds no rule without a record: every rule carries a number that the list knows.
as $KANSA --json rule list | python3 -c 'import json,sys; print(*[r["number"] for r in json.load(sys.stdin)])' >"$W/known"
in_ns gw nft -j list table inet sekisho | python3 -c '
import json, re, sys
known = set(open(sys.argv[1]).read().split())
rules = [o["rule"] for o in json.load(sys.stdin)["nftables"] if "rule" in o]
bad = []
for r in rules:
    m = re.match(r"(?:b)?(\d+)\b", r.get("comment", ""))
    if not m or m.group(1) not in known:
        bad.append((r["chain"], r.get("comment")))
print(len(rules), "rules", bad)
sys.exit(bool(bad) or not rules)' "$W/known" >"$W/kernel.out" && ok "no104_kernel: every kernel rule has its record" ||
	{ not_ok "no104_kernel: every kernel rule has its record"; cat "$W/kernel.out"; }

# A change is a new revision; the old one is kept; the running one stays until the new one is approved.
check "no104_change: request" as $TANAKA rule request --number "$n" --port 443
check "no104_change: the old revision still passes" tcp_try lan 203.0.113.10 80 192.168.10.10
check "no104_change: approve" as $SATO rule approve "$n"
check "no104_change: apply" as $TANAKA apply --confirm 0
check "no104_change: the new port passes" tcp_try lan 203.0.113.10 443 192.168.10.10
refuse "no104_change: the old port does not" tcp_try lan 203.0.113.10 80 192.168.10.10
check "no104_history: both revisions are there" bash -c \
	"$(declare -f as); BUILD=$BUILD; as $KANSA --json rule history $n | grep -q '\"revision\": *1'"

# Unneeded rules are found.
rule_add --source 192.168.10.0/24 --destination any --direction 'lan->wan' --protocol tcp --port 1-65535 >/dev/null
as $KANSA --json analyze >"$W/analyze.json"
check "no104_analyze: the covered rule is called redundant" grep -q redundant "$W/analyze.json"
check "no104_analyze: the wide one is called too wide" grep -q -e too-wide -e too_wide "$W/analyze.json"

# The yearly review.
check "no104_review: start" as $TANAKA review start --title '2026' --due "$(date -d '+30 days' +%F)"
refuse "no104_review: cannot be finished while rules are open" as $SATO review finish
numbers=$(as $KANSA --json review show | python3 -c 'import json,sys; print(*[r["number"] for r in json.load(sys.stdin) if r["number"] > 1000])')
# shellcheck disable=SC2086
check "no104_review: each rule is decided" as $SATO review decide $numbers --decision keep --reason 'still needed' \
	--expiry "$(date -d '+300 days' +%F)"
check "no104_review: signed off" as $SATO review finish
check "no104_review: exported" bash -c "$(declare -f as); BUILD=$BUILD; as $KANSA review export | grep -q 'still needed'"

# Removal leaves the record.
check "no104_remove: request" as $TANAKA rule remove "$n" --reason 'order system retired'
check "no104_remove: approve" as $SATO rule approve "$n"
check "no104_remove: apply" as $TANAKA apply --confirm 0
as $KANSA --json rule show "$n" >"$W/rule.json"
check "no104_remove: the record stays, removed" grep -q '"state": *"removed"' "$W/rule.json"
check "no104_audit: the chain verifies" as $KANSA audit verify
finish
