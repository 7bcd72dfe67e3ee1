#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# No.114, 119, 105: what each role may do, and that nobody gets a packet through alone, whatever the sequence of
# commands. tanaka is requester and administrator, sato approver, suzuki requester, kansa auditor and security.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
gateway_up
serve inet 80,443 ''
rule=(--source 192.168.10.10 --destination 203.0.113.10 --direction 'lan->wan' --protocol tcp)
number() { python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])'; }
request() { as "$1" --json rule request "${rule[@]}" --purpose 'workflow test' "${@:2}" | number; }
passes() { tcp_try lan 203.0.113.10 "$1" 192.168.10.10; }
blocked_still() { apply; ! TRY=0.4 passes 80; } # whatever was tried, an apply lets nothing through
quiet() { "$@" >/dev/null 2>&1; }

# ---- the matrix: who may call what; 5 is "denied", anything else got past the role -------------------------------
denied() { quiet as "$@"; [ $? = 5 ]; }
allowed() { quiet as "$@"; [ $? != 5 ]; }
matrix() { # COMMAND (words and arguments) : the uids that may
	local line=$1 may=" $2 " uid bad=''
	read -ra words <<<"$line"
	for uid in 0 $TANAKA $SATO $SUZUKI $KANSA 2999; do
		case $may in
		*" $uid "*) allowed $uid "${words[@]}" || bad+=" $uid refused" ;;
		*) denied $uid "${words[@]}" || bad+=" $uid let in" ;;
		esac
	done
	if [ -z "$bad" ]; then ok "no114_roles: $line"; else not_ok "no114_roles: $line:$bad"; fi
}
all="0 $TANAKA $SATO $SUZUKI $KANSA"
for c in status 'rule list' 'rule show 13' 'zone list' 'object list' 'setting list' 'account list' 'change list' \
	'review list' 'report blocked' analyze diff 'notice list' 'events stat'; do matrix "$c" "$all"; done
matrix 'audit list' "$TANAKA $SATO $KANSA"
matrix 'audit verify' "$TANAKA $SATO $KANSA"
# 9999 does not exist: what is refused for that got past the role.
matrix 'rule approve 9999' "$SATO"
matrix 'rule return 9999 --reason x' "$SATO"
matrix 'change approve 9999' "$SATO"
matrix 'change return 9999 --reason x' "$SATO"
matrix 'review finish 9999' "$SATO"
matrix 'rule extend 9999 --expiry 2099-01-01 --reason x' "$TANAKA $SUZUKI"
matrix 'rule remove 9999 --reason x' "$TANAKA $SUZUKI"
matrix 'rule submit 9999' "$TANAKA $SUZUKI"
matrix 'rule withdraw 9999' "$TANAKA $SUZUKI"
matrix 'object remove nothing --reason x' "$TANAKA $SUZUKI"
matrix 'rule suspend 9999 --reason x' "$TANAKA"
matrix 'rule resume 9999 --reason x' "$TANAKA"
matrix 'zone remove nothing --reason x' "$TANAKA"
matrix 'setting set no.such x' "$TANAKA"
matrix 'account disable nobody --reason x' "0 $TANAKA"
matrix 'account review nobody' "$TANAKA $SATO"
for c in 'blocklist list' 'blocklist show local' 'blocklist history local' 'blocklist entry list' 'blocklist allow list' \
	'blocklist test bad.example'; do matrix "$c" "$all"; done
matrix 'blocklist add partner' "$TANAKA"
matrix 'blocklist enable nothing' "$TANAKA"
matrix 'blocklist disable nothing --reason x' "$TANAKA"
matrix 'blocklist mode nothing block --reason x' "$TANAKA"
matrix 'blocklist remove nothing --reason x' "$TANAKA"
matrix 'blocklist update nothing' "$TANAKA"
matrix 'blocklist entry remove bad.example --reason x' "0 $TANAKA"
matrix 'blocklist allow request --number 9999' "$TANAKA $SUZUKI"
matrix 'blocklist allow remove 9999 --reason x' "$TANAKA $SUZUKI"
matrix 'blocklist allow withdraw 9999' "$TANAKA $SUZUKI"
matrix 'blocklist allow approve 9999' "$SATO"
matrix 'blocklist allow return 9999 --reason x' "$SATO"
matrix 'apply --dry-run' "$TANAKA"
matrix confirm "$TANAKA"
matrix rollback "0 $TANAKA"

# ---- alone -------------------------------------------------------------------------------------------------------
n=$(request $TANAKA --port 80)
refuse "no119_alone: not approved by the applicant" as $TANAKA rule approve "$n"
refuse "no119_alone: not by root" sk rule approve "$n"
check "no119_alone: nothing passes" blocked_still

# An administrator makes himself an approver: of his account, of another, of an old one, of a second Unix user.
refuse "no105_self: no role for oneself" as $TANAKA account set tanaka --roles requester,admin,approver --purpose deputy
check "no105_second: a second account is only asked for" as $TANAKA account add tanaka2 --display T --uid 2100 \
	--roles approver --purpose deputy
refuse "no105_second: it does not exist yet" as 2100 rule approve "$n"
check "no105_role: a role for a friend is only asked for" as $TANAKA account set suzuki --roles approver --purpose deputy
refuse "no105_role: the friend has it not" as $SUZUKI rule approve "$n"
check "no105_uid: another Unix user for the approver is only asked for" as $TANAKA account set sato --uid 2101 --purpose moved
refuse "no105_uid: the Unix user is nobody" as 2101 rule approve "$n"
refuse "no105_taken: nor the approver's Unix user for another account" as $TANAKA account add t3 --display T --uid $SATO \
	--roles approver --purpose deputy
check "no105_enable: an account disabled" as $TANAKA account disable sato --reason leave
refuse "no105_enable: does not approve" as $SATO rule approve "$n"
check "no105_enable: is asked to be enabled" as $TANAKA account enable sato --reason back
refuse "no105_enable: and is not, without another approver" as $SATO rule approve "$n"
check "no105_recovery: root helps at the console, by name in the audit log" sk account enable sato --reason 'only approver'
check "no105_recovery: is in the audit log" bash -c "$(declare -f as); BUILD=$BUILD
	as $KANSA --json audit list --account console | grep -q account.enable"
check "no119_alone: still nothing passes" blocked_still
refuse "no105_site: root sets the site up only once" sk site import "$TOP/tests/netns/site.json"

# What is approved is what was asked for, and stays so.
check "no119_object: a new object is asked for" as $TANAKA object set target --items 203.0.113.10 --purpose server
o=$(as $TANAKA --json rule request --source 192.168.10.10 --destination target --direction 'lan->wan' --protocol tcp \
	--port 80 --purpose 'workflow test' | number)
refuse "no119_object: a rule on it cannot be approved before it is" as $SATO rule approve "$o"
c=$(as $SATO --json change list --state requested | python3 -c 'import json,sys
print([r["number"] for r in json.load(sys.stdin) if r["name"] == "target"][0])')
refuse "no119_object: not approved by the applicant" as $TANAKA change approve "$c"
check "no119_alone: still nothing passes" blocked_still

m=$(rule_add "${rule[@]}" --port 443)
check "no119_change: another person's rule passes" eval 'apply && passes 443'
check "no119_change: a wider revision is only asked for" as $TANAKA rule request --number "$m" --port 80,443
check "no119_change: withdrawn" as $TANAKA rule withdraw "$m"
check "no119_change: nothing of it passes" blocked_still
check "no119_extend: an extension is asked for" as $TANAKA rule extend "$m" --expiry "$(date -d '+100 days' +%F)" --reason x
check "no119_extend: taken back" as $TANAKA rule withdraw "$m"
as $TANAKA --json rule request --number "$m" --port 80,443 >"$W/ext"
check "no119_extend: with other content it is no extension" grep -q '"intent": "change"' "$W/ext"
refuse "no119_read: the revision that was read is gone" as $SATO rule approve "$m" --revision 2
check "no119_alone: still nothing passes" blocked_still
check "no119_return: sent back" as $SATO rule return "$m" --reason 'too wide'
refuse "no119_resume: a rule is suspended and resumed as approved" eval "as $TANAKA rule suspend $m --reason x &&
	as $TANAKA rule resume $m --reason x && apply && TRY=0.4 passes 80"
check "no119_resume: and passes again" passes 443

# Import and review are no back doors either.
as $KANSA rule export >"$W/rules.csv"
sed "s/,443,/,80,/" "$W/rules.csv" >"$W/wide.csv"
check "no119_import: what is imported" as $TANAKA rule import "$W/wide.csv" --apply
check "no119_import: waits for approval" blocked_still
check "no104_review: started" as $TANAKA review start --title test --due "$(date -d '+30 days' +%F)"
refuse "no104_review: not decided by the applicant" as $TANAKA review decide "$m" --decision keep --reason x
check "no119_alone: in the end nothing passes" blocked_still

# The two together.
check "no119_two: two people" as $SATO rule approve "$n"
check "no119_two: it passes" eval 'apply && passes 80'
check "no119_audit: every step is recorded" as $KANSA audit verify
finish
