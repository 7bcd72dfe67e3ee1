/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every pair of state and event, of devices and of sessions: what is listed here happens, all else
 * is refused and says what is possible. */
#include "tests/unit/lib/unit.h"

#include "nac/admission/session.h"
#include "nac/admission/state.h"

static const struct {
	enum nac_state from;
	enum nac_step step;
	enum nac_state to;
} legal[] = {
	{NAC_DRAFT, NAC_STEP_SUBMIT, NAC_REQUESTED},
	{NAC_DRAFT, NAC_STEP_REMOVE, NAC_REMOVED},
	{NAC_REQUESTED, NAC_STEP_APPROVE, NAC_ACTIVE},
	{NAC_REQUESTED, NAC_STEP_RETURN, NAC_RETURNED},
	{NAC_REQUESTED, NAC_STEP_WITHDRAW, NAC_DRAFT},
	{NAC_REQUESTED, NAC_STEP_REMOVE, NAC_REMOVED},
	{NAC_RETURNED, NAC_STEP_SUBMIT, NAC_REQUESTED},
	{NAC_RETURNED, NAC_STEP_REMOVE, NAC_REMOVED},
	{NAC_ACTIVE, NAC_STEP_QUARANTINE, NAC_QUARANTINED},
	{NAC_ACTIVE, NAC_STEP_EXPIRE, NAC_EXPIRED},
	{NAC_ACTIVE, NAC_STEP_RENEW, NAC_ACTIVE},
	{NAC_ACTIVE, NAC_STEP_REVOKE, NAC_REVOKED},
	{NAC_ACTIVE, NAC_STEP_REMOVE, NAC_REMOVED},
	{NAC_QUARANTINED, NAC_STEP_RELEASE, NAC_ACTIVE},
	{NAC_QUARANTINED, NAC_STEP_EXPIRE, NAC_EXPIRED},
	{NAC_QUARANTINED, NAC_STEP_REVOKE, NAC_REVOKED},
	{NAC_QUARANTINED, NAC_STEP_REMOVE, NAC_REMOVED},
	{NAC_EXPIRED, NAC_STEP_RENEW, NAC_ACTIVE},
	{NAC_EXPIRED, NAC_STEP_REVOKE, NAC_REVOKED},
	{NAC_EXPIRED, NAC_STEP_REMOVE, NAC_REMOVED},
	{NAC_REVOKED, NAC_STEP_SUBMIT, NAC_REQUESTED},
	{NAC_REVOKED, NAC_STEP_REMOVE, NAC_REMOVED},
};

static void devices(void **state)
{
	size_t taken = 0;

	for (int s = 0; s < NAC_STATES; s++) {
		for (int e = 0; e < NAC_STEPS; e++) {
			enum nac_state next = NAC_STATES;
			struct sk_err err = {0};
			int r = nac_state_next(s, e, &next, &err), want = -1;

			for (size_t i = 0; i < sizeof(legal) / sizeof(legal[0]); i++)
				if ((int)legal[i].from == s && (int)legal[i].step == e)
					want = legal[i].to;
			if (want >= 0) {
				assert_int_equal(r, 0);
				assert_int_equal(next, want);
				taken++;
				continue;
			}
			assert_int_equal(r, -ESTALE);
			assert_int_equal(next, NAC_STATES);
			assert_non_null(strstr(err.en, "possible now: "));
			assert_non_null(strstr(err.ja, "今できる操作: "));
		}
	}
	assert_int_equal(taken, sizeof(legal) / sizeof(legal[0]));
	assert_int_equal(nac_state_next(NAC_STATES, 0, &(enum nac_state){0}, NULL), -ESTALE);
	assert_int_equal(nac_state_next(0, NAC_STEPS, &(enum nac_state){0}, NULL), -ESTALE);
}

static void names(void **state)
{
	for (int s = 0; s < NAC_STATES; s++) {
		enum nac_state back = NAC_STATES;

		assert_int_equal(nac_state_parse(nac_state_name(s), &back), 0);
		assert_int_equal(back, s);
	}
	assert_int_equal(nac_state_parse("no such", &(enum nac_state){0}), -EINVAL);
	assert_false(nac_state_in_document(NAC_REQUESTED));
	assert_false(nac_state_in_document(NAC_EXPIRED));
	assert_true(nac_state_in_document(NAC_REVOKED));
}

static void expiring(void **state)
{
	const int64_t now = 1800000000, day = 86400;

	assert_true(nac_state_expiring(NAC_ACTIVE, now + 30 * day, now));
	assert_false(nac_state_expiring(NAC_ACTIVE, now + 30 * day + 1, now));
	assert_false(nac_state_expiring(NAC_ACTIVE, now, now));
	assert_false(nac_state_expiring(NAC_ACTIVE, 0, now));
	assert_false(nac_state_expiring(NAC_REVOKED, now + day, now));
}

/* Rows: states; columns: FRAME START ADMIT QUARANTINE REFUSE NO_SERVER CLOSE. */
static const int next_of[NAC_SESSION_STATES][NAC_SESSION_EVENTS] = {
	[NAC_S_SEEN] = {NAC_S_SEEN, NAC_S_PROVING, NAC_S_ADMITTED, NAC_S_QUARANTINED, NAC_S_REFUSED,
		NAC_S_SEEN, NAC_S_SEEN},
	[NAC_S_PROVING] = {NAC_S_PROVING, NAC_S_PROVING, NAC_S_ADMITTED, NAC_S_QUARANTINED,
		NAC_S_REFUSED, NAC_S_SEEN, NAC_S_SEEN},
	[NAC_S_ADMITTED] = {NAC_S_ADMITTED, NAC_S_RENEWING, NAC_S_ADMITTED, NAC_S_QUARANTINED,
		NAC_S_CLOSED, NAC_S_GRACE, NAC_S_CLOSED},
	[NAC_S_RENEWING] = {NAC_S_RENEWING, NAC_S_RENEWING, NAC_S_ADMITTED, NAC_S_QUARANTINED,
		NAC_S_CLOSED, NAC_S_GRACE, NAC_S_CLOSED},
	[NAC_S_GRACE] = {NAC_S_GRACE, NAC_S_GRACE, NAC_S_ADMITTED, NAC_S_QUARANTINED, NAC_S_CLOSED,
		NAC_S_GRACE, NAC_S_CLOSED},
	[NAC_S_QUARANTINED] = {NAC_S_QUARANTINED, NAC_S_QUARANTINED, NAC_S_ADMITTED,
		NAC_S_QUARANTINED, NAC_S_CLOSED, NAC_S_QUARANTINED, NAC_S_CLOSED},
	[NAC_S_REFUSED] = {NAC_S_REFUSED, NAC_S_PROVING, NAC_S_ADMITTED, NAC_S_QUARANTINED,
		NAC_S_REFUSED, NAC_S_REFUSED, NAC_S_SEEN},
	[NAC_S_CLOSED] = {NAC_S_SEEN, NAC_S_PROVING, NAC_S_ADMITTED, NAC_S_QUARANTINED,
		NAC_S_REFUSED, -1, -1},
};

static void sessions(void **state)
{
	for (int s = 0; s < NAC_SESSION_STATES; s++) {
		for (int e = 0; e < NAC_SESSION_EVENTS; e++) {
			enum nac_session_state next = NAC_SESSION_STATES;
			int r = nac_session_next(s, e, &next, NULL);

			assert_int_equal(r, next_of[s][e] < 0 ? -ESTALE : 0);
			assert_int_equal(next, r < 0 ? NAC_SESSION_STATES : next_of[s][e]);
		}
	}
	assert_int_equal(
		nac_session_next(NAC_SESSION_STATES, 0, &(enum nac_session_state){0}, NULL),
		-ESTALE);
}

/* Nothing but a decision opens: no frame, beginning, failure or lost server ever does. */
static void only_decisions_open(void **state)
{
	for (int s = 0; s < NAC_SESSION_STATES; s++) {
		for (int e = 0; e < NAC_SESSION_EVENTS; e++) {
			enum nac_session_state next = s;

			nac_session_next(s, e, &next, NULL);
			if (nac_session_open(next) && !nac_session_open(s))
				assert_true(e == NAC_SE_ADMIT || e == NAC_SE_QUARANTINE);
			if (e == NAC_SE_CLOSE)
				assert_false(nac_session_open(next));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices),
		cmocka_unit_test(names),
		cmocka_unit_test(expiring),
		cmocka_unit_test(sessions),
		cmocka_unit_test(only_decisions_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
