/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `sekisho-ipsd --check`: which rules load, which are refused and why. Compiles as well, for what
 * only the pattern library can refuse and for the figures.
 */
#include <sodium.h>
#include <stdio.h>

#include "ips/ipsd/offline.h"
#include "ips/rules/report.h"
#include "lib/clock.h"

static int print(struct ips_rules *rules, bool json, struct sk_err *err)
{
	struct sk_buf b;
	int r;

	sk_buf_init(&b, IPS_RULE_FILE_MAX);
	ips_rules_report(rules, json, &b);
	r = sk_buf_error(&b);
	if (r == 0)
		fwrite(b.data, 1, b.len, stdout);
	sk_buf_done(&b);
	return r < 0 ? sk_err_nomem(err) : 0;
}

int ips_check_run(const struct ips_load *l, bool json, bool compile, struct sk_err *err)
{
	struct ips_engine_config cfg;
	struct ips_state_config sc;
	struct ips_policy *policy;
	struct ips_rules *rules;
	struct ips_state *state;
	struct ips_ruleset *rs;
	uint64_t start = sk_mono_us();
	uint8_t seed[16] = {0};
	bool cached = false;
	int r;

	ips_engine_config_default(&cfg, true);
	if (!compile) {
		r = ips_load_rules(l, &rules, &policy, &cfg, err);
		if (r < 0)
			return r;
		r = print(rules, json, err);
		ips_policy_free(policy);
		ips_rules_free(rules);
		return r;
	}
	ips_state_config_default(&sc);
	state = ips_state_new(&sc, seed);
	if (!state)
		return sk_err_nomem(err);
	r = ips_load_ruleset(l, state, &cfg, &rs, &cached, err);
	if (r == 0) {
		const struct ips_ruleset_info *i = ips_ruleset_info(rs);

		r = print(ips_ruleset_rules(rs), json, err);
		if (!json)
			printf("compiled in %.2f s%s: %u databases of %.1f MiB, %.1f MiB in all\n",
				(double)(sk_mono_us() - start) / 1e6, cached ? " (cached)" : "",
				i->databases, (double)i->database_bytes / 1048576,
				(double)i->bytes / 1048576);
		ips_ruleset_unref(rs);
	}
	ips_state_free(state);
	return r;
}
