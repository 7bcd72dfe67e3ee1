// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Japanese keyboard (JIS X 6002, 106 and 109 keys) and the US one, as a difference: each table
 * sets all keys that the other one sets. The kernel's own layout at its start is the US one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <linux/kd.h>
#include <linux/keyboard.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/util.h"
#include "mgmt/screen/keys.h"

static const struct scr_key jp[] = {
	{KEY_2, '2', '"', 0},
	{KEY_6, '6', '&', 0},
	{KEY_7, '7', '\'', 0},
	{KEY_8, '8', '(', 0},
	{KEY_9, '9', ')', 0},
	{KEY_0, '0', '~', 0},
	{KEY_MINUS, '-', '=', 0},
	{KEY_EQUAL, '^', '~', '^' & 31},
	{KEY_LEFTBRACE, '@', '`', 0},
	{KEY_RIGHTBRACE, '[', '{', '[' & 31},
	{KEY_SEMICOLON, ';', '+', 0},
	{KEY_APOSTROPHE, ':', '*', 0},
	{KEY_GRAVE, 0, 0, 0}, /* half and full width: nothing to switch here */
	{KEY_BACKSLASH, ']', '}', ']' & 31},
	{KEY_RO, '\\', '_', '\\' & 31},
	{KEY_YEN, '\\', '|', '\\' & 31},
};

static const struct scr_key us[] = {
	{KEY_2, '2', '@', 0},
	{KEY_6, '6', '^', '^' & 31},
	{KEY_7, '7', '&', '_' & 31},
	{KEY_8, '8', '*', 127},
	{KEY_9, '9', '(', 0},
	{KEY_0, '0', ')', 0},
	{KEY_MINUS, '-', '_', '_' & 31},
	{KEY_EQUAL, '=', '+', 0},
	{KEY_LEFTBRACE, '[', '{', '[' & 31},
	{KEY_RIGHTBRACE, ']', '}', ']' & 31},
	{KEY_SEMICOLON, ';', ':', 0},
	{KEY_APOSTROPHE, '\'', '"', 0},
	{KEY_GRAVE, '`', '~', 0},
	{KEY_BACKSLASH, '\\', '|', '\\' & 31},
	{KEY_RO, 0, 0, 0},
	{KEY_YEN, 0, 0, 0},
};

const struct scr_key *scr_keys_table(enum scr_keys k, size_t *ret_n)
{
	*ret_n = k == SCR_KEYS_JP ? SK_ARRAY_SIZE(jp) : SK_ARRAY_SIZE(us);
	return k == SCR_KEYS_JP ? jp : us;
}

/* c with these modifiers; '\0': the key gives nothing. */
static int set(int fd, unsigned modifiers, uint8_t code, char c)
{
	struct kbentry e = {.kb_table = (unsigned char)modifiers,
		.kb_index = code,
		.kb_value = c ? (unsigned short)K(KT_LATIN, (unsigned char)c) : K_HOLE};

	return ioctl(fd, KDSKBENT, &e) < 0 ? -errno : 0;
}

static int set_key(int fd, const struct scr_key *k)
{
	const unsigned alt = 1u << KG_ALT;
	struct kbentry e = {
		.kb_table = (unsigned char)alt, .kb_index = k->code, .kb_value = K_HOLE};
	int r = set(fd, 0, k->code, k->plain);

	if (r == 0)
		r = set(fd, 1u << KG_SHIFT, k->code, k->shift);
	if (r == 0)
		r = set(fd, 1u << KG_CTRL, k->code, k->ctrl);
	if (r < 0)
		return r;
	if (k->plain)
		e.kb_value = (unsigned short)K(KT_META, (unsigned char)k->plain);
	return ioctl(fd, KDSKBENT, &e) < 0 ? -errno : 0;
}

int scr_keys_apply(enum scr_keys k, struct sk_err *err)
{
	_cleanup_(sk_closep) int fd = open("/dev/tty0", O_RDWR | O_NOCTTY | O_CLOEXEC);
	size_t n;
	const struct scr_key *v = scr_keys_table(k, &n);
	int r = fd < 0 ? -errno : 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = set_key(fd, &v[i]);
	if (r == -ENXIO || r == -ENOENT)
		r = -ENODEV;
	return r < 0 ? sk_err_set(err, r, "keyboard", "the layout of the keyboard was not set: %s",
			       "キーボードの配列を設定できません: %s", strerror(-r))
		     : 0;
}
