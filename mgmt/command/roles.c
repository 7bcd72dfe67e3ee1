// SPDX-License-Identifier: GPL-2.0-or-later
/* The names of the roles, for the table, accounts and messages. */
#include "mgmt/command/command.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

/* In the order of the bits. */
static const struct {
	const char *name;
	struct sk_text text;
} roles[MG_ROLES] = {
	{"requester", {"requester", "申請者"}},
	{"approver", {"approver", "承認者"}},
	{"admin", {"administrator", "管理者"}},
	{"auditor", {"auditor", "監査者"}},
	{"security", {"security team", "セキュリティ担当"}},
	{"console", {"console", "コンソール"}},
};

static int index_of(unsigned r)
{
	for (int i = 0; i < MG_ROLES; i++)
		if (r == 1u << i)
			return i;
	return -1;
}

const char *mg_role_name(enum mg_role r)
{
	int i = index_of(r);

	return i < 0 ? NULL : roles[i].name;
}

const struct sk_text *mg_role_text(enum mg_role r)
{
	int i = index_of(r);

	return i < 0 ? NULL : &roles[i].text;
}

static unsigned find(const char *s, size_t len)
{
	for (unsigned i = 0; i < MG_ROLES; i++)
		if (strlen(roles[i].name) == len && !memcmp(roles[i].name, s, len))
			return 1u << i;
	return 0;
}

int mg_roles_parse(const char *list, unsigned *ret, struct sk_err *err)
{
	unsigned out = 0;

	for (const char *s = list; *s;) {
		size_t len;
		unsigned bit;

		s += strspn(s, ", ");
		len = strcspn(s, ", ");
		if (!len)
			break;
		bit = find(s, len);
		/* The console is whoever sits in front of the machine: no account can be given it.
		 */
		if (!bit || bit == MG_CONSOLE)
			return sk_err_set(err, -EINVAL, "roles",
				"\"%.*s\" is no role: requester, approver, admin, auditor, "
				"security",
				"「%.*s」という役割はありません: requester 申請者、approver "
				"承認者、admin 管理者、"
				"auditor 監査者、security セキュリティ担当",
				(int)SK_MIN(len, 64), s);
		out |= bit;
		s += len;
	}
	if (!out)
		return sk_err_set(err, -EINVAL, "roles", "at least one role is needed",
			"役割を 1 つ以上指定してください");
	*ret = out;
	return 0;
}
