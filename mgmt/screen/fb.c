// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Written with pwrite(2), whole rows at a time: works the same on what the firmware set up (efifb,
 * vesafb) and on a driver's emulation, which must be told what changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/screen/fb.h"

#define LINE_MAX_BYTES (64u << 10)

static bool usable(const struct fb_fix_screeninfo *fix, const struct fb_var_screeninfo *var)
{
	const unsigned bytes = var->bits_per_pixel / 8;

	return fix->type == FB_TYPE_PACKED_PIXELS &&
		(fix->visual == FB_VISUAL_TRUECOLOR || fix->visual == FB_VISUAL_DIRECTCOLOR) &&
		bytes >= 2 && bytes <= 4 && var->red.offset < 32 && var->green.offset < 32 &&
		var->blue.offset < 32 && var->red.length <= 16 && var->green.length <= 16 &&
		var->blue.length <= 16 && var->xres && var->yres &&
		fix->line_length <= LINE_MAX_BYTES && var->xres <= fix->line_length / bytes;
}

static int look(struct scr_fb *fb)
{
	struct fb_fix_screeninfo fix = {0};
	struct fb_var_screeninfo var = {0};

	if (ioctl(fb->fd, FBIOGET_FSCREENINFO, &fix) < 0 ||
		ioctl(fb->fd, FBIOGET_VSCREENINFO, &var) < 0 || !usable(&fix, &var))
		return -ENODEV;
	fb->width = var.xres;
	fb->height = var.yres;
	fb->line = fix.line_length;
	fb->format = (struct scr_format){.bytes = var.bits_per_pixel / 8,
		.r = {var.red.offset, var.red.length},
		.g = {var.green.offset, var.green.length},
		.b = {var.blue.offset, var.blue.length}};
	fb->first =
		(off_t)var.yoffset * fix.line_length + (off_t)var.xoffset * (off_t)fb->format.bytes;
	return 0;
}

int scr_fb_open(const char *path, struct scr_fb *ret, struct sk_err *err)
{
	struct scr_fb fb = {.fd = open(path, O_RDWR | O_CLOEXEC)};
	int r = fb.fd < 0 ? -errno : look(&fb);

	if (r < 0) {
		sk_closep(&fb.fd);
		return sk_err_set(err, -ENODEV, NULL, "the screen shows no graphics (%s: %s)",
			"画面がグラフィック表示ではありません (%s: %s)", path, strerror(-r));
	}
	*ret = fb;
	return 0;
}

void scr_fb_close(struct scr_fb *fb)
{
	sk_closep(&fb->fd);
}

void scr_fb_home(struct scr_fb *fb)
{
	struct fb_var_screeninfo var = {0};

	if (ioctl(fb->fd, FBIOGET_VSCREENINFO, &var) < 0)
		return;
	if (var.xoffset || var.yoffset) {
		var.xoffset = var.yoffset = 0;
		ioctl(fb->fd, FBIOPAN_DISPLAY, &var);
		ioctl(fb->fd, FBIOGET_VSCREENINFO, &var);
	}
	fb->first =
		(off_t)var.yoffset * (off_t)fb->line + (off_t)var.xoffset * (off_t)fb->format.bytes;
}

int scr_fb_write(const struct scr_fb *fb, size_t y, const void *lines, size_t n)
{
	const char *p = lines;
	size_t left = n * fb->line;
	off_t at = fb->first + (off_t)(y * fb->line);

	while (left) {
		const ssize_t w = pwrite(fb->fd, p, left, at);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return w < 0 ? -errno : -EIO;
		p += w;
		at += w;
		left -= (size_t)w;
	}
	return 0;
}
