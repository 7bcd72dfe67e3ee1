#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Alerts beside Suricata 7's on captures: the rules of SK_RULES (files or folders), then the rules of
# tests/conform/own, on the captures of SK_CAPTURES; Suricata from PATH or from the system below
# SK_SURICATA_ROOT. SK_CONFORM_REFERENCE and SK_CONFORM_OWN_REFERENCE name references already made.
set -u
run() { # title, aim in percent of captures, reference, options
	local title=$1 aim=$2 ref=$3
	shift 3
	echo "-- $title (aim: $aim % of captures equal)"
	python3 tests/conform/run --ipsd "${BUILD:-build/release}/sekisho-ipsd" --differences 10 \
		${ref:+--reference "$ref"} "$@"
}
run "rules of SK_RULES" 95 "${SK_CONFORM_REFERENCE:-}"
run "one feature each" 95 "${SK_CONFORM_OWN_REFERENCE:-}" --own
