/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tests' namespace and nft(8); see kernel.h. */
#include "tests/unit/nft/kernel.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"

bool t_namespace(void)
{
	static int state = -1;

	if (state < 0)
		state = unshare(CLONE_NEWNET) == 0;
	return state > 0;
}

bool t_have_nft(void)
{
	return access("/usr/sbin/nft", X_OK) == 0;
}

int t_nft(const char *args)
{
	char cmd[1024];

	snprintf(cmd, sizeof(cmd), "LSAN_OPTIONS= /usr/sbin/nft %s >/dev/null 2>&1", args);
	int status = system(cmd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

json_t *t_nft_list(void)
{
	char buf[65536];
	struct sk_buf b;
	size_t n;
	FILE *f = popen("/usr/sbin/nft -j list ruleset 2>/dev/null", "r");

	if (!f)
		return NULL;
	sk_buf_init(&b, 256u << 20);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		sk_buf_put(&b, buf, n);
	pclose(f);
	json_t *v = json_loadb((const char *)b.data, b.len, 0, NULL);
	json_t *list = json_incref(json_object_get(v, "nftables"));
	json_decref(v);
	sk_buf_done(&b);
	return list;
}

/* A table with an owner can only be removed by one: claim it first. */
void t_nft_clean(void)
{
	t_nft("flush ruleset");
	t_nft("delete table inet " FW_NFT_TABLE);
}

const char *t_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

json_t *t_nft_object(const json_t *list, const char *kind, size_t n)
{
	size_t i;
	json_t *v;

	json_array_foreach (list, i, v) {
		json_t *o = json_object_get(v, kind);
		if (!o || strcmp(t_str(o, "table"), FW_NFT_TABLE) != 0)
			continue;
		if (n-- == 0)
			return o;
	}
	return NULL;
}
