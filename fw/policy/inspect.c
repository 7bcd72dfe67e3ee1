/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inspection part of a policy: its limits and its JSON form; see inspect.h. */
#include "fw/policy/inspect.h"

#include <errno.h>

#include "lib/util.h"

void fw_inspect_init(struct fw_inspect *s)
{
	*s = (struct fw_inspect){.queues = 1, .first_queue = FW_INSPECT_FIRST_QUEUE};
}

int fw_inspect_check(const struct fw_inspect *s, struct sk_err *err)
{
	if (s->queues < 1 || s->queues > FW_INSPECT_QUEUES_MAX)
		return sk_err_set(err, -ERANGE, "queues", "1 to %d queues",
			"キューの数は1から%dまでです", FW_INSPECT_QUEUES_MAX);
	if (s->first_queue > UINT16_MAX - s->queues + 1)
		return sk_err_set(err, -ERANGE, "first_queue", "queues are numbered 0 to %d",
			"キューの番号は0から%dまでです", UINT16_MAX);
	return 0;
}

json_t *fw_inspect_to_json(const struct fw_inspect *s)
{
	return json_pack("{s:s, s:s, s:i, s:i}", "mode", s->on ? "on" : "off", "fail",
		s->open ? "open" : "closed", "queues", s->queues, "first_queue", s->first_queue);
}

/* One of two words; missing: *ret stays. */
static int word(const json_t *v, const char *key, const char *no, const char *yes, bool *ret,
	struct sk_err *err)
{
	const char *s = NULL;
	int r = sk_json_str(v, key, false, &s, err);

	if (r < 0 || !s)
		return r;
	if (!sk_streq(s, no) && !sk_streq(s, yes))
		return sk_err_set(
			err, -EINVAL, key, "\"%s\" or \"%s\"", "「%s」か「%s」です", no, yes);
	*ret = sk_streq(s, yes);
	return 0;
}

static int number(const json_t *v, const char *key, int64_t max, int64_t *ret, struct sk_err *err)
{
	int r = sk_json_int(v, key, false, ret, err);

	if (r < 0)
		return r;
	if (*ret < 0 || *ret > max)
		return sk_err_set(err, -ERANGE, key, "must be 0 to %lld", "0から%lldまでです",
			(long long)max);
	return 0;
}

int fw_inspect_from_json(const json_t *v, struct fw_inspect *ret, struct sk_err *err)
{
	static const char *const keys[] = {"mode", "fail", "queues", "first_queue", NULL};
	struct fw_inspect s;
	int64_t queues, first;
	int r;

	fw_inspect_init(&s);
	queues = s.queues;
	first = s.first_queue;
	if ((r = sk_json_only(v, keys, err)) < 0 ||
		(r = word(v, "mode", "off", "on", &s.on, err)) < 0 ||
		(r = word(v, "fail", "closed", "open", &s.open, err)) < 0 ||
		(r = number(v, "queues", UINT8_MAX, &queues, err)) < 0 ||
		(r = number(v, "first_queue", UINT16_MAX, &first, err)) < 0)
		return r;
	s.queues = (uint8_t)queues;
	s.first_queue = (uint16_t)first;
	r = fw_inspect_check(&s, err);
	if (r == 0)
		*ret = s;
	return r;
}
