# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# How the demo speaks: stages, commands as typed, outcomes that must be. Sourced after lib.sh.

stage() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
say() { printf '   %s\n' "$*"; }
run_as() { # NAME UID ARGS…: show the command as typed, run it, indent its output
	local name=$1 uid=$2
	shift 2
	printf '   \033[36m%s$ sekisho %s\033[0m\n' "$name" "$*"
	as "$uid" "$@" 2>&1 | sed 's/^/     /'
	return "${PIPESTATUS[0]}"
}
must() { # WHAT COMMAND…
	local what=$1
	shift
	if "$@" >"$W/must.out" 2>&1; then say "✓ $what"; else
		say "✗ $what"
		sed 's/^/     /' "$W/must.out"
		exit 1
	fi
}
must_not() {
	local what=$1
	shift
	if "$@" >"$W/must.out" 2>&1; then
		say "✗ $what"
		exit 1
	else say "✓ $what"; fi
}
