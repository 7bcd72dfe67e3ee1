#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may enter by a managed switch: radius_try.py W R SECRET GATEWAY-SECRET, called by radius.sh. The exit status is
the number of failed checks."""

import json
import os
import re
import subprocess
import sys
import time

W, R, SECRET, GATEWAY = sys.argv[1:5]
FAILED = 0
EVENTS = os.path.join(W, "radiusctl.out")


def check(name, good, why=""):
    global FAILED
    print(("ok - " if good else "not ok - ") + name, flush=True)
    if not good:
        FAILED += 1
        print("#   " + str(why)[-1500:].replace("\n", "\n#   "), flush=True)


# ---- the manager's part ------------------------------------------------------------------------------
CTL = open(os.path.join(W, "radiusctl.in"), "w", encoding="utf-8")
ANSWERS = open(EVENTS, encoding="utf-8")


def ctl(**command):
    ANSWERS.seek(0, os.SEEK_END)
    print(json.dumps(command), file=CTL, flush=True)
    end = time.time() + 10
    while time.time() < end:
        line = ANSWERS.readline()
        if line.startswith("= "):
            return json.loads(line[2:])
        if not line:
            time.sleep(0.002)
    raise TimeoutError("radiusctl")


def events(**like):
    with open(EVENTS, encoding="utf-8") as f:
        all_of = [json.loads(s[2:]) for s in f if s.startswith("! ")]
    return [e for e in all_of if all(e["sekisho"].get(k) == v for k, v in like.items())]


def wait_event(seconds=3, count=1, **like):
    end = time.time() + seconds
    while time.time() < end:
        found = events(**like)
        if len(found) >= count:
            return found[-1]["sekisho"]
        time.sleep(0.02)
    return {}


# ---- a switch ----------------------------------------------------------------------------------------
class Answer:
    def __init__(self, out, code):
        self.out = out
        self.accept = "Received Access-Accept" in out
        self.reject = "Received Access-Reject" in out
        self.silent = "Received " not in out
        received = out.split("Received ", 1)[-1]
        self.signed = "Message-Authenticator = 0x" in received
        self.code = code
        self.attrs = dict(re.findall(r"^\t([\w-]+)(?::\d+)? = (.*)$", received, re.M))

    def vlan(self):
        return self.attrs.get("Tunnel-Private-Group-Id", "").strip('"')


def ask(lines, kind="auth", secret=SECRET, ns="sw1", server="10.77.0.1", sign=True):
    lines = list(lines) + (["Message-Authenticator = 0x00"] if sign and kind != "acct" else [])
    p = subprocess.run(["ip", "netns", "exec", ns, "radclient", "-x", "-t", "1", "-r", "1", server, kind, secret],
                       input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
    return Answer(p.stdout + p.stderr, p.returncode)


def mab(mac, caller=None, *more, **options):
    caller = caller or dashes(mac)
    return ask([f'User-Name = "{mac}"', f'User-Password = "{mac}"', f'Calling-Station-Id = "{caller}"',
                "NAS-Port = 7", 'NAS-Port-Id = "GigabitEthernet1/0/7"', *more], **options)


def dashes(mac):
    d = re.sub("[^0-9a-fA-F]", "", mac).upper()
    return "-".join(d[i:i + 2] for i in range(0, 12, 2))


def eap(name, method, mac, **settings):
    conf = os.path.join(W, f"eap-{name}.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write(f"network={{\n key_mgmt=IEEE8021X\n eap={method}\n ca_cert=\"{R}/pki/ca.pem\"\n")
        for k, v in settings.items():
            f.write(f" {k}=\"{v}\"\n")
        f.write("}\n")
    p = subprocess.run(["ip", "netns", "exec", "sw1", "eapol_test", "-c", conf, "-a", "10.77.0.1", "-A", "10.77.0.11",
                        "-s", SECRET, "-M", mac, "-t", "8", "-N", "87:s:Gi1/0/9", "-N", "5:d:9"],
                       capture_output=True, text=True, errors="replace", check=False)
    last = p.stdout.rsplit("Received RADIUS message", 1)[-1]
    return {"ok": p.returncode == 0 and p.stdout.rstrip().endswith("SUCCESS"), "out": p.stdout,
            "signed": "Attribute 80 (Message-Authenticator)" in last,
            "vlan": (re.findall(r"Attribute 81 \(Tunnel-Private-Group-Id\).*\n\s+Value: (\S+)", last) or [""])[-1]}


def tls(name, cert, mac):
    return eap(name, "TLS", mac, identity="anonymous", client_cert=f"{R}/pki/{cert}.pem",
               private_key=f"{R}/pki/{cert}.key")


def requests():
    with open(os.path.join(W, "switch.jsonl"), encoding="utf-8") as f:
        return [json.loads(s) for s in f][1:]


def wait_request(n, seconds=2):
    end = time.time() + seconds
    while time.time() < end:
        if len(requests()) >= n:
            return requests()[n - 1]
        time.sleep(0.005)
    return {}


def mode(text):
    with open(os.path.join(W, "switch.mode"), "w", encoding="utf-8") as f:
        f.write(text)


# ---- the registry ------------------------------------------------------------------------------------
NOW = int(time.time())
DEVICES = {d["number"]: d for d in (
    {"number": 1, "name": "printer", "methods": 1, "macs": ["00:1a:2b:3c:4d:5e"], "vlan": "20"},
    {"number": 2, "name": "old scanner", "methods": 1, "macs": ["001a.2b3c.4d02"], "expires": NOW - 5},
    {"number": 3, "name": "lost phone", "methods": 1, "macs": ["001a.2b3c.4d03"], "state": "revoked"},
    {"number": 4, "name": "odd plc", "methods": 1, "macs": ["001a.2b3c.4d04"], "state": "quarantined"},
    {"number": 5, "name": "pc-001", "methods": 2, "macs": ["02-AA-BB-CC-DD-01"], "identities": ["host/PC-001"], "vlan": "30"},
    {"number": 6, "name": "pc-002", "methods": 2, "macs": ["02aabbccdd02"], "identities": ["host/pc-002"]},
    {"number": 7, "name": "pc-003", "methods": 2, "identities": ["pc3.corp.test"], "vlan": "staff"},
    {"number": 8, "name": "田中のPC", "methods": 2, "macs": ["02aabbccdd08"], "identities": ["tanaka"], "vlan": "40"},
    {"number": 9, "name": "visitor", "methods": 1, "macs": ["001a.2b3c.4d09"], "expires": NOW + 600},
    {"number": 10, "name": "camera", "methods": 1, "macs": ["001a.2b3c.4d10"], "vlan": "60"},
    {"number": 11, "name": "sato's PC", "methods": 3, "macs": ["02aabbccdd11"], "identities": ["sato"], "state": "revoked"},
)}
SWITCHES = [{"address": "10.77.0.11", "name": "floor-1", "secret": "sw", "coa_port": 3799}]


def apply(**more):
    return ctl(op="apply", view={"devices": list(DEVICES.values()), "switches": SWITCHES, **more})


def put(number, **change):
    DEVICES[number] = {**DEVICES[number], **change}
    return ctl(op="put", device=DEVICES[number])


def test_mab():
    for mac in ("001a2b3c4d5e", "001A2B3C4D5E", "00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E", "001a.2b3c.4d5e",
                "001A-2B3C-4D5E", "001a2b-3c4d5e", "00.1a.2b.3c.4d.5e"):
        a = mab(mac)
        check(f"MAC authentication as {mac}: VLAN 20, signed",
              a.accept and a.vlan() == "20" and a.signed and a.attrs.get("Tunnel-Type") == "VLAN" and
              a.attrs.get("Tunnel-Medium-Type") == "IEEE-802" and a.attrs.get("Session-Timeout") == "3600" and
              a.attrs.get("Termination-Action") == "RADIUS-Request", a.out)
    a = mab("001a2b3c4d10", None, "Service-Type = Call-Check")
    check("another device, another VLAN", a.accept and a.vlan() == "60", a.out)
    a = ask(['User-Name = "001a2b3c4d5e"'])
    check("a switch that sends no caller", a.accept, a.out)
    for what, mac, reason in (("an unknown device", "001a2b3c4dff", "unknown"), ("expired", "001a2b3c4d02", "expired"),
                              ("revoked", "001a2b3c4d03", "revoked"), ("quarantined", "001a2b3c4d04", "quarantined"),
                              ("only allowed by 802.1X", "02aabbccdd01", "method")):
        n = len(events(action="radius_reject", reason=reason))
        a = mab(mac)
        check(f"{what}: refused, signed", a.reject and a.signed, a.out)
        e = wait_event(action="radius_reject", reason=reason, count=n + 1)
        check(f"{what}: the record says why",
              e.get("switch") == "floor-1" and e.get("port") == "GigabitEthernet1/0/7" and e.get("method") == "mac" and
              e.get("mac") == dashes(mac).replace("-", ":").lower(), e)
    a = mab("001a2b3c4d5e", "00-1A-2B-3C-4D-5F")
    check("a name that is not the caller's MAC: refused", a.reject and a.signed, a.out)
    a = mab("001a2b3c4d09")
    check("the session ends when the device expires", a.accept and 0 < int(a.attrs["Session-Timeout"]) <= 600, a.out)
    for name in ("admin", "' OR 1=1 --", "001a2b3c4d5e' OR '1'='1", "x|y", "日本"):
        a = ask([f'User-Name = "{name}"', 'User-Password = "x"', 'Service-Type = Administrative-User'])
        check(f"a login as {name!r} is no admission", a.reject, a.out)
    e = wait_event(action="radius_accept", device=1)
    check("the record of an admission",
          e.get("name") == "printer" and e.get("mac") == "00:1a:2b:3c:4d:5e" and e.get("vlan") == "20" and
          e.get("switch_ip") == "10.77.0.11", e)


def test_trust():
    a = mab("001a2b3c4d5e", sign=False)
    check("without Message-Authenticator: dropped", a.silent, a.out)
    a = mab("001a2b3c4d5e", secret="not-the-secret-at-all")
    check("with another secret: dropped", a.silent, a.out)
    a = mab("001a2b3c4d5e", ns="sw2", server="10.77.1.1")
    check("a switch nobody registered: no answer", a.silent, a.out)
    a = ask([], kind="status", ns="gw", server="127.0.0.1", secret=GATEWAY)
    check("Status-Server is answered, signed", a.accept and a.signed, a.out)
    p = subprocess.run(["setpriv", "--reuid=2106", "--regid=2106", "--clear-groups", "sqlite3",
                        f"{R}/export/export.db", "UPDATE device SET state='active'"], capture_output=True, check=False)
    check("the server's user cannot change the export", p.returncode != 0, p)


def test_dot1x():
    r = tls("good", "pc1", "02:aa:bb:cc:dd:01")
    check("EAP-TLS with a registered certificate: VLAN 30, signed", r["ok"] and r["vlan"] in ("30", "3330") and r["signed"],
          r["out"])
    e = wait_event(action="radius_accept", device=5)
    check("its record names certificate and method",
          e.get("identity") == "host/pc-001" and e.get("method") == "tls" and e.get("port") == "Gi1/0/9", e)
    r = tls("san", "pc3", "02:aa:bb:cc:dd:77")
    check("EAP-TLS by the certificate's DNS name", r["ok"], r["out"])
    r = tls("foreign", "foreign", "02:aa:bb:cc:dd:01")
    check("EAP-TLS with another authority's certificate: refused", not r["ok"], r["out"])
    r = tls("old", "old", "02:aa:bb:cc:dd:01")
    check("EAP-TLS with an expired certificate: refused", not r["ok"], r["out"])
    for name, cert, mac, reason in (("unregistered certificate", "stranger", "02:aa:bb:cc:dd:01", "identity_unknown"),
                                    ("on another machine", "pc1", "02:aa:bb:cc:dd:02", "other_mac")):
        r = tls("bad", cert, mac)
        check(f"EAP-TLS, {name}: refused", not r["ok"], r["out"])
        check(f"EAP-TLS, {name}: the record says why", wait_event(action="radius_reject", reason=reason), events()[-2:])
    r = tls("before", "pc2", "02:aa:bb:cc:dd:02")
    check("EAP-TLS before the certificate is revoked", r["ok"], r["out"])
    check("a revocation list is read", ctl(op="crl", file=f"{R}/pki/crl.pem").get("code") == 0)
    r = tls("revoked", "pc2", "02:aa:bb:cc:dd:02")
    check("EAP-TLS with the certificate revoked: refused at once", not r["ok"], r["out"])
    check("the record says why", wait_event(action="radius_reject", reason="certificate_revoked"), events()[-2:])

    good = {"identity": "tanaka", "password": "himitsu-no-kagi"}
    r = eap("peap", "PEAP", "02:aa:bb:cc:dd:08", phase2="auth=MSCHAPV2", **good)
    check("PEAP: VLAN 40, signed", r["ok"] and r["vlan"] in ("40", "3430") and r["signed"], r["out"])
    r = eap("ttls", "TTLS", "02:aa:bb:cc:dd:08", phase2="auth=PAP", anonymous_identity="someone", **good)
    check("TTLS with PAP", r["ok"], r["out"])
    e = wait_event(action="radius_accept", method="ttls")
    check("the record has the name inside the tunnel", e.get("identity") == "tanaka" and e.get("user") == "someone", e)
    r = eap("ttls2", "TTLS", "02:aa:bb:cc:dd:08", phase2="auth=MSCHAPV2", **good)
    check("TTLS with MSCHAPv2", r["ok"], r["out"])
    r = eap("wrong", "PEAP", "02:aa:bb:cc:dd:08", phase2="auth=MSCHAPV2", identity="tanaka", password="wrong")
    check("PEAP with a wrong password: refused", not r["ok"], r["out"])
    check("the record says why", wait_event(action="radius_reject", reason="not_proven", identity="tanaka"), events()[-2:])
    r = eap("other", "PEAP", "02:aa:bb:cc:dd:09", phase2="auth=MSCHAPV2", **good)
    check("PEAP from a machine that is not registered: refused", not r["ok"], r["out"])
    r = eap("sato", "PEAP", "02:aa:bb:cc:dd:11", phase2="auth=MSCHAPV2", identity="sato", password="another-password")
    check("PEAP with a revoked device: refused", not r["ok"], r["out"])


def account(status, *more):
    return ask([f"Acct-Status-Type = {status}", 'User-Name = "001a2b3c4d5e"', 'Calling-Station-Id = "00-1A-2B-3C-4D-5E"',
                'Acct-Session-Id = "S|77"', "NAS-Port = 7", 'NAS-Port-Id = "GigabitEthernet1/0/7"', *more], kind="acct")


def test_accounting():
    a = account("Start", "Framed-IP-Address = 192.168.20.9")
    check("accounting is answered", "Accounting-Response" in a.out, a.out)
    e = wait_event(action="radius_start")
    check("the record of a start", e.get("session") == "S|77" and e.get("addresses") == ["192.168.20.9"] and
          e.get("switch") == "floor-1", e)
    account("Interim-Update", "Framed-IP-Address = 192.168.20.10")


def test_requests():
    mab("001a2b3c4d5e")
    account("Start", "Framed-IP-Address = 192.168.20.9")
    n = len(requests())
    begin = time.time()
    put(1, state="revoked")
    q = wait_request(n + 1)
    ms = (q.get("at", begin + 99) - begin) * 1000
    print(f"# revoke → Disconnect-Request at the switch: {ms:.1f} ms")
    check("a revocation reaches the switch within a second", q.get("code") == 40 and ms < 1000, q)
    check("the request is signed and names the session",
          q.get("bad") == "" and q.get("session") == "S|77" and q.get("caller") == "00-1A-2B-3C-4D-5E" and
          q.get("port_id") == "GigabitEthernet1/0/7" and q.get("nas_port") == 7 and q.get("nas_ip") == "10.77.0.11" and
          abs(q.get("time", 0) - time.time()) < 10, q)
    e = wait_event(action="radius_cut", result="ack", device=1)
    check("that it was cut is told", e.get("switch") == "floor-1" and e.get("mac") == "00:1a:2b:3c:4d:5e", e)
    check("and it does not come back", mab("001a2b3c4d5e").reject)
    put(1, state="active")
    check("approved: enters at once", mab("001a2b3c4d5e").accept)
    account("Start")
    account("Stop", "Acct-Session-Time = 60", "Acct-Input-Octets = 1000", "Acct-Input-Gigawords = 1",
            "Acct-Terminate-Cause = Port-Error")
    e = wait_event(action="radius_stop")
    check("the record of a stop", e.get("seconds") == 60 and e.get("bytes_in") == 4294968296 and
          e.get("why") == "Port-Error", e)
    n = len(requests())
    put(1, state="revoked")
    time.sleep(0.7)
    check("who left already is not asked for", len(requests()) == n, requests()[n:])
    put(1, state="active")

    mab("001a2b3c4d10")
    n = len(requests())
    put(10, vlan="61")
    q = wait_request(n + 1)
    check("another VLAN: the switch is told to change",
          q.get("code") == 43 and q.get("vlan") == "61" and q.get("tunnel_type") == 13 and q.get("bad") == "", q)
    check("and that it did is told", wait_event(action="radius_change", result="ack", vlan="61"), events()[-2:])
    mode("nak")
    n = len(requests())
    put(10, vlan="62")
    first, second = wait_request(n + 1), wait_request(n + 2)
    check("a switch that cannot change: disconnected instead", first.get("code") == 43 and second.get("code") == 40,
          requests()[n:])
    check("its refusal is told", wait_event(action="radius_cut", result="nak", why="unsupported_attribute"), events()[-2:])
    mode("forged")
    mab("001a2b3c4d09")
    n = len(requests())
    put(9, state="quarantined")
    q, again = wait_request(n + 1), wait_request(n + 2, 4)
    check("an answer with another secret does not count: the same request again",
          q.get("hash") and q.get("hash") == again.get("hash"), requests()[n:])
    mode("nak503")
    check("a session the switch does not know is over",
          wait_event(5, action="radius_cut", device=9, result="nak", why="session_context_not_found"), events()[-2:])
    mode("ack")
    check("quarantine with a VLAN of its own", apply(quarantine_vlan="99").get("code") == 0 and
          mab("001a2b3c4d04").vlan() == "99")
    apply()


def test_at_once():
    wrong = []
    for i in range(40):
        put(1, state="revoked" if i % 2 == 0 else "active")
        a = mab("001a2b3c4d5e")
        if a.accept != (i % 2 == 1):
            wrong.append((i, a.out))
    check("forty changes: each is in the next answer", not wrong, wrong)
    a = ctl(op="put", device={"number": 99, "name": "thief", "methods": 1, "macs": ["00:1a:2b:3c:4d:5e"]})
    check("a MAC belongs to one device", a.get("code", 0) < 0 and a.get("path") == "macs[0]", a)
    SWITCHES.append({"address": "10.77.1.11", "name": "floor-2", "secret": "sw", "coa_port": 0})
    apply()
    a = mab("001a2b3c4d5e", ns="sw2", server="10.77.1.1")
    check("a switch that was just registered is answered", a.accept, a.out)
    put(1, state="revoked")
    check("of a switch that takes no requests it is told", wait_event(action="radius_cut", result="no_coa"), events()[-2:])
    put(1, state="active")
    st = ctl(op="status")
    check("status", st.get("server") == "up" and st.get("switches") == 2 and st.get("strange") == 0 and st.get("agent"), st)


ANSWER = apply()
check("the registry is handed over", ANSWER.get("code") == 0, ANSWER)
if FAILED:
    sys.exit(FAILED)
for test in (test_mab, test_trust, test_dot1x, test_accounting, test_requests, test_at_once):
    try:
        test()
    except Exception as e:  # pylint: disable=broad-except
        check(f"{test.__name__} ran to its end", False, repr(e))
sys.exit(min(FAILED, 100))
