# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the shell benches share: the test network with fwd alone, documents, medians and ratios.
. "$(dirname "${BASH_SOURCE[0]}")/../netns/lib.sh"

median() { sort -n | awk '{v[NR]=$1} END {print (NR % 2) ? v[(NR+1)/2] : (v[NR/2]+v[NR/2+1])/2}'; }
# ratio NAME VALUE BASELINE AIM: ">=0.9" or "<=0.5"
ratio() {
	awk -v n="$1" -v a="$2" -v b="$3" -v aim="$4" 'BEGIN {
		r = b ? a / b : 0; want = substr(aim, 3) + 0
		good = substr(aim, 1, 2) == ">=" ? r >= want : r <= want
		printf "  %-52s %.3f  (%s / %s; aim %s)%s\n", n, r, a, b, aim, good ? "" : "  MISSED" }'
}
figure() { # NAME VALUE AIM-TEXT GOOD(0/1)
	printf '  %-52s %s  (aim %s)%s\n' "$1" "$2" "$3" "$([ "$4" = 1 ] || echo '  MISSED')"
}
document() { "$BUILD/mkpolicy" "$1" "$2" >"$W/policy-$1-$2"; echo "$W/policy-$1-$2"; }
# fwdctl OPERATION…: "apply DOCUMENT" is final at once
fwdctl() {
	if [ "$1" = apply ]; then set -- apply "$2" 0; fi
	"$BUILD/fwdctl" --socket /run/sekisho/fwd.sock "$@"
}
remove_table() { in_ns gw nft delete table inet sekisho; }
