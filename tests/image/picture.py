#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A picture of a virtual machine's screen: words are looked for in it as the font draws them (FreeType, by ctypes: no
package of Python's is needed)."""
import ctypes as c
import struct
import zlib

FONT = b"/usr/share/fonts/truetype/vlgothic/VL-Gothic-Regular.ttf"


class Bitmap(c.Structure):  # ftimage.h
    _fields_ = [("rows", c.c_uint), ("width", c.c_uint), ("pitch", c.c_int), ("buffer", c.POINTER(c.c_ubyte)),
                ("num_grays", c.c_ushort), ("pixel_mode", c.c_ubyte), ("palette_mode", c.c_ubyte), ("palette", c.c_void_p)]


class Slot(c.Structure):  # freetype.h: FT_GlyphSlotRec, to what is needed
    _fields_ = [("head", c.c_void_p * 3), ("index", c.c_uint), ("generic", c.c_void_p * 2), ("metrics", c.c_long * 8),
                ("linear", c.c_long * 2), ("advance", c.c_long * 2), ("format", c.c_int), ("bitmap", Bitmap),
                ("left", c.c_int), ("top", c.c_int)]


class Size(c.Structure):
    _fields_ = [("face", c.c_void_p), ("generic", c.c_void_p * 2), ("ppem", c.c_ushort * 2), ("scale", c.c_long * 2),
                ("ascender", c.c_long), ("descender", c.c_long)]


class Face(c.Structure):
    _fields_ = [("numbers", c.c_long * 5), ("names", c.c_void_p * 2), ("fixed", c.c_int), ("sizes", c.c_void_p),
                ("n_charmaps", c.c_int), ("charmaps", c.c_void_p), ("generic", c.c_void_p * 2), ("box", c.c_long * 4),
                ("shorts", c.c_short * 8), ("glyph", c.POINTER(Slot)), ("size", c.POINTER(Size))]


class Font:
    def __init__(self, pixels):
        self.ft = c.CDLL("libfreetype.so.6")
        library, self.face = c.c_void_p(), c.POINTER(Face)()
        if self.ft.FT_Init_FreeType(c.byref(library)) or self.ft.FT_New_Face(library, FONT, c.c_long(0), c.byref(self.face)):
            raise OSError(f"{FONT.decode()} does not load: Debian's fonts-vlgothic")
        self.ft.FT_Set_Pixel_Sizes(self.face, pixels, pixels)
        size = self.face.contents.size.contents
        self.above, self.below = size.ascender >> 6, -(size.descender >> 6)

    def ink(self, char):
        """[(x, y, cover)]; y from the base line down."""
        if self.ft.FT_Load_Char(self.face, c.c_ulong(ord(char)), 4 | 8):  # FT_LOAD_RENDER | FT_LOAD_NO_BITMAP
            raise ValueError(char)
        slot = self.face.contents.glyph.contents
        b = slot.bitmap
        return [(slot.left + x, y - slot.top, b.buffer[y * b.pitch + x]) for y in range(b.rows) for x in range(b.width)
                if b.buffer[y * b.pitch + x]]


def cells(char):
    return 1 if ord(char) < 0x1100 else 2


class Picture:
    """A PPM file of QEMU's. The cells are those of mgmt/screen/draw.c."""

    def __init__(self, path):
        with open(path, "rb") as f:
            magic, size, _, self.rgb = f.read().split(b"\n", 3)
        if magic != b"P6":
            raise ValueError(path)
        self.width, self.height = (int(n) for n in size.split())
        self.grey = self.rgb[1::3]
        self.w = min(max(self.height // 36 * 3 // 7, 8), self.width // 80)
        self.h = self.w * 7 // 3
        self.rows, self.cols = self.height // self.h, self.width // self.w

    def save(self, path):
        """As PNG."""
        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        line = self.width * 3
        raw = b"".join(b"\0" + self.rgb[y * line:(y + 1) * line] for y in range(self.height))
        with open(path, "wb") as f:
            f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)) +
                    chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))

    def draw(self, text):
        """The words in their cells: lines of bytes, 0 to 200."""
        font = Font(2 * self.w)
        base = (self.h - font.above - font.below) // 2 + font.above
        lines = [bytearray(sum(map(cells, text)) * self.w) for _ in range(self.h)]
        at = 0
        for char in text:
            for x, y, cover in font.ink(char):
                if 0 <= base + y < self.h and 0 <= x < cells(char) * self.w:
                    lines[base + y][at * self.w + x] = 200 * cover // 255
            at += cells(char)
        return lines

    def differs(self, lines, x, y, most):
        """How much, as a sum over pixels; no more than until it is too much."""
        off = 0
        for n, want in enumerate(lines):
            start = (y + n) * self.width + x
            off += sum(abs(a - b) for a, b in zip(want, self.grey[start:start + len(want)]))
            if off > most:
                break
        return off

    def find(self, text):
        """(row, column) of the words; None: they are not there."""
        lines = self.draw(text)
        most = sum(map(sum, lines)) * 0.25
        for row in range(self.rows):
            for col in range(self.cols - len(lines[0]) // self.w + 1):
                if self.differs(lines, col * self.w, row * self.h, most) <= most:
                    return row, col
        return None
