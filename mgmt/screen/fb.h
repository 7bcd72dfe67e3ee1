/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's frame buffer: the screen's pixels as a file (Linux fbdev). */
#ifndef SCR_FB_H
#define SCR_FB_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/err.h"
#include "mgmt/screen/draw.h"

struct scr_fb {
	int fd;                     /* -1: none */
	size_t width, height, line; /* pixels; bytes a line */
	off_t first;                /* where the visible part begins */
	struct scr_format format;
};

/* -ENODEV: no frame buffer, or one whose pixels are no colours. */
int scr_fb_open(const char *path, struct scr_fb *ret, struct sk_err *err);
void scr_fb_close(struct scr_fb *fb);
/* The kernel's console may have moved the visible part: back to where it begins. */
void scr_fb_home(struct scr_fb *fb);
/* n lines of pixels (fb->line bytes each) from line y on. */
int scr_fb_write(const struct scr_fb *fb, size_t y, const void *lines, size_t n);

#endif
