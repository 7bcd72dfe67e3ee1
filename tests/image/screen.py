#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's own screen and keyboard: keys go in by QEMU's monitor, pictures come out of it."""
import os
import time

import gateway
import picture

US = {" ": "spc", "\n": "ret", "-": "minus", ".": "dot", "/": "slash", ",": "comma"}


class Screen:
    """Keys and pictures of a virtual machine."""

    def __init__(self, machine):
        self.machine = machine

    def key(self, *names):
        """Keys by their place on a US keyboard, such as "shift-2"."""
        for name in names:
            self.machine.monitor(f"sendkey {name} 40")
            time.sleep(0.15)  # the key is up again after 40 ms of the machine's time

    def type(self, text):
        self.key(*(US.get(c, "shift-" + c.lower() if c.isupper() else c) for c in text))

    def picture(self):
        path = os.path.join(self.machine.work, "screen.ppm")
        self.machine.monitor(f"screendump {path}")
        return picture.Picture(path)


def console(g, number):
    """The text that the kernel has on a terminal."""
    _, out = g.inside(f"fold -w $(stty size </dev/tty{number} | cut -d' ' -f2) </dev/vcs{number} | sed 's/ *$//;/^$/d'")
    return out


def until(seconds, what):
    deadline = time.monotonic() + seconds
    while True:
        found = what()
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def sees(g, at, name, *words, seconds=90):
    """The words come to be on the screen; its picture is kept."""
    until(seconds, lambda: at.picture().find(words[0]))
    now = at.picture()
    now.save(os.path.join(g.work, f"screen-{name}.png"))
    return g.check(f"the screen shows {', '.join(words)} ({name})", all(now.find(w) for w in words),
                   [w for w in words if not now.find(w)])


def prompt(g, at, number, what):
    """A new prompt, and the picture is the kernel's."""
    good = until(60, lambda: console(g, number).rstrip().endswith("login:"))
    g.check(what, good and not at.picture().find("== 関所 (Sekisho)"), console(g, number))


def menu(g, name):
    """At the prompt of the text console: the menu, in Japanese."""
    at = Screen(g.vm)
    if g.check(f"the screen has its prompt ({name})", until(120, lambda: console(g, 1).rstrip().endswith("login:")), console(g, 1)):
        at.type("menu\n")
        sees(g, at, f"{name}-menu", "== 関所 (Sekisho)", "1) 装置の状態", "9) 日本語 / English")
    return at


def person(g, at):
    """Somebody signs in at the screen of a gateway that was set up in Japanese, with a US keyboard."""
    at.type("11\n")
    prompt(g, at, 1, "leaving leads to the prompt")
    at.type("tanaka\n")
    sees(g, at, "password", "パスワード: ")
    at.type(gateway.PEOPLE["tanaka"] + "\n")
    sees(g, at, "signed-in", "tanaka@sekisho:~$")
    at.type("sekisho account list\n")
    sees(g, at, "person", "田中 一郎")
    at.key("shift-2", "bracket_left", "shift-7", "equal")
    sees(g, at, "us", "tanaka@sekisho:~$ @[&=")
    at.type("\nclear\n")
    at.type("sekisho setup\n")
    sees(g, at, "again", "拠点・会社名 [サンプル製作所]:")
    g.check("a set-up that has its keyboard does not ask for it again", not at.picture().find("キーボードの種類"))
    at.key("ctrl-c")
    at.type("exit\n")
    prompt(g, at, 1, "signing out leads to the prompt")


def confined(g):
    """Who draws has no right of root, whoever writes."""
    _, out = g.inside("p=$(pgrep -f '^/usr/lib/sekisho/sekisho-screen' | head -n 1); grep -E '^(Uid|CapEff|CapBnd|Seccomp|NoNewPrivs):' "
                      "/proc/$p/status; id -u sekisho-screen; pgrep -f '^/usr/bin/sekisho console' | wc -l")
    field = dict(line.split(":\t") for line in out.splitlines() if ":\t" in line)
    uid, menus = out.split()[-2:]
    g.check("what draws is another user, without a right, confined", field.get("Uid", "").split() == [uid] * 4 and
            int(field["CapEff"], 16) == 0 and int(field["CapBnd"], 16) == 0 and field["Seccomp"] == "2", out)
    g.check("… and the menu runs behind it", menus == "1", out)


def questions(g, at):
    """The set-up, begun: the keyboard is asked for, and is a Japanese one."""
    at.type("3\n")
    sees(g, at, "language", "Language / 言語", "2) 日本語")
    at.type("\n")
    sees(g, at, "keyboard", "キーボードの種類", "1) 日本語配列 (106/109 キー)")
    at.type("\n")
    if sees(g, at, "site", "拠点・会社名:"):
        at.key("shift-2", "bracket_left", "shift-7", "equal", "shift-semicolon", "apostrophe", "backslash")
        sees(g, at, "symbols", "拠点・会社名: \"@'^+:]")
    at.key("ctrl-c")
    prompt(g, at, 1, "Ctrl-C leads back to the prompt")


def switching(g, at):
    """Another terminal, and back: each draws only while it is the one that is seen."""
    at.key("alt-f2")
    g.check("another terminal has its prompt, too", until(60, lambda: console(g, 2).rstrip().endswith("login:")))
    at.type("menu\n")
    sees(g, at, "second", "1) 装置の状態")
    at.key("alt-f1")
    g.check("the first one is text again", until(60, lambda: not at.picture().find("1) 装置の状態")))
    at.key("alt-f2")
    sees(g, at, "second-again", "== 関所 (Sekisho)", "1) 装置の状態")
    at.type("9\n")
    sees(g, at, "english", "1) state of the gateway")
    at.type("11\n")
    prompt(g, at, 2, "leaving leads to the prompt")
    at.key("alt-f1")


def without(g, at):
    """No frame buffer: plain text in English, and a line that says why."""
    g.inside("mount --bind /dev/null /dev/fb0")
    at.type("menu\n")
    g.check("without graphics the menu is English, and says why",
            until(60, lambda: "1) state of the gateway" in console(g, 1)) and "no Japanese on this screen" in console(g, 1),
            console(g, 1))
    at.picture().save(os.path.join(g.work, "screen-text.png"))
    at.type("11\n")
    g.inside("umount /dev/fb0")


def screen(g):
    """the machine's own screen: the menu and the questions in Japanese, a Japanese keyboard"""
    g.off()
    os.unlink(g.disk)
    g.new_disk()
    g.start(vga=True)
    health = g.wait()
    g.check("with a screen it starts as well", "sekisho-health" in health, health)
    at = menu(g, "bios")
    confined(g)
    questions(g, at)
    switching(g, at)
    without(g, at)
    s, out = g.inside("systemctl --failed --no-legend --plain")
    g.check("no unit failed", out.strip() == "", out)
