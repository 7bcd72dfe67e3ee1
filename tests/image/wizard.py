# SPDX-License-Identifier: GPL-2.0-or-later
"""The set-up as its administrator meets it: a new gateway, its console, questions in Japanese, cables that are plugged in.
Each question is answered by what it asks, so its place in the order does not matter; all that was said is kept."""
import json
import os
import time

import gateway
import net
import vm

# Words of a question (the last that fits counts) and what is typed; nothing fits: Enter, the value offered.
ANSWERS = [
    ("拠点・会社名", "サンプル製作所"), ("装置の名前", "sekisho-2"), ("NTP): ", "203.0.113.10"), ("NTP) [", "203.0.113.10"),
    ("インターネット回線の IPv4", "2"), ("上位ルーターのアドレス", "203.0.113.1"), ("回線の DNS サーバー", "203.0.113.10"),
    ("インターネット回線の IPv6", "1"), ("管理者:", ""), ("利用者名", ""), ("最初のルール", "y"), ("この内容で設定しますか", "y")]
PEOPLE = [("tanaka", "田中 一郎", "Yama-to-Kawa-58"), ("sato", "佐藤 花子", "Umi-no-Sakana-73")]


class Dialogue:
    def __init__(self, g):
        self.g, self.con = g, g.vm.con
        self.begin = self.mark = len(self.con.data)

    def text(self):
        return self.con.data[self.begin:].decode(errors="replace").replace("\r", "")

    def asked(self, timeout):
        """What was said since the last answer, once it ends as a question does."""
        deadline = time.monotonic() + timeout
        while True:
            said = self.con.data[self.mark:].decode(errors="replace").replace("\r", "")
            more = self.con.read(0.5)  # a colon may also be in the middle of what is being said
            if said.endswith(": ") and not more:
                return said
            if time.monotonic() > deadline:
                raise vm.Failed(f"no question came; last: {said[-1200:]}")

    def answer(self, text):
        self.mark = len(self.con.data)
        self.con.send(text + "\r")


def cable(g, side):
    """Pull a cable out and plug it in again, as far as the gateway sees."""
    card = list(net.SIDES).index(side)
    g.vm.monitor(f"set_link n{card} off")
    name = g.inside(f"grep -l {net.SIDES[side]} /sys/class/net/*/address | cut -d/ -f5")[1].split()[0]
    g.inside(f"until grep -q 0 /sys/class/net/{name}/carrier; do sleep 0.2; done")
    g.vm.monitor(f"set_link n{card} on")


def reply(g, talk, said, people):
    """Answer one question; the state of who is asked about is in `people`."""
    last = said.rstrip("\n").split("\n")[-1]
    if "ケーブルを差し込む" in last:
        role = last.split("(")[1].split(")")[0]
        if role in net.SIDES and role not in people["ports"]:
            people["ports"].append(role)
            talk.mark = len(talk.con.data)
            cable(g, role)
        else:
            talk.answer("")
    elif "利用者名" in last:
        people["n"] += 1
        talk.answer(PEOPLE[people["n"]][0])
    elif "氏名" in last:
        talk.answer(PEOPLE[people["n"]][1])
    elif "パスワード" in last or "もう一度" in last:
        talk.answer(PEOPLE[people["n"]][2])
    elif "本装置のアドレス" in last:
        section = talk.text().rsplit("\n-- ", 1)[1]
        inside = {"wan": "203.0.113.2/24", "lan": "192.168.10.1/24", "dmz": "192.168.20.1/24"}
        talk.answer(next(a for role, a in inside.items() if f"({role})" in section.split("\n")[0]))
    else:
        fits = [a for words, a in ANSWERS if words in said]
        talk.answer(fits[-1] if fits else "")


def wizard(g):
    """a new gateway is set up by the questions of its console, in Japanese, ports by their cables; its log is kept"""
    con = g.vm.con
    con.send("\r")
    con.expect(rb"login: ?\Z", 60)
    talk = Dialogue(g)
    talk.answer("menu")
    for choice in ("9", "3"):
        g.check(f"the menu is there before {choice}", "Sekisho" in talk.asked(60))
        talk.answer(choice)
    people = {"n": -1, "ports": []}
    deadline = time.monotonic() + gateway.BOOT
    while time.monotonic() < deadline:
        said = talk.asked(gateway.BOOT)
        if "== 関所 (Sekisho)" in said:
            break
        reply(g, talk, said, people)
    talk.answer("11")
    con.expect(rb"login: ?\Z", 60)
    text = talk.text()
    with open(os.path.join(g.work, "wizard.log"), "w", encoding="utf-8") as f:
        f.write(text)
    g.check("the gateway is set up by questions", g.inside("test -e /etc/sekisho/gateway.json && getent passwd sato")[0] == 0, text[-2500:])
    g.check("it spoke Japanese", "関所の設定" in text and "この内容で設定しますか" in text)
    g.check("ports were chosen by their cables", people["ports"] == list(net.SIDES), people["ports"])
    g.check("no password was shown", not any(p[2] in text for p in PEOPLE))
    doc = json.loads(g.inside("cat /etc/sekisho/gateway.json")[1])
    macs = {p["role"]: g.inside(f"cat /sys/class/net/{p['match']['name']}/address")[1].strip() for p in doc["ports"]}
    g.check("each role has the port whose cable it was", macs == net.SIDES, macs)
    g.check("a policy is in force", g.json("tanaka", "status").get("generation"), g.sekisho("tanaka", "status")[1])
