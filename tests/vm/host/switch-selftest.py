#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""switch-selftest.py SWITCH: speaks both ends of the switch, without guests. That nothing came is seen by what comes next."""
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time

SWITCH = sys.argv[1]
LIMIT = 20      # seconds, of what is there at once
NAMES = ("server", "client", "third")
failed = passed = 0


def frame(text, size=64):
    """Of no protocol that the rules know."""
    return bytes(12) + b"\x88\xb5" + text.encode().ljust(size, b".")


def roce(opcode, qp=17, six=False, port=4791, payload=b""):
    bth = struct.pack(">BBHIII", opcode, 0, 0xffff, qp, 1, 0)[:12]
    udp = struct.pack(">HHHH", 1000, port, 8 + len(bth) + len(payload) + 4, 0) + bth + payload + bytes(4)
    if six:
        return bytes(12) + b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, len(udp), 17, 64) + bytes(32) + udp
    return bytes(12) + b"\x08\x00" + struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + bytes(8) + udp


def connection_manager(attribute):
    return roce(0x64, 1, payload=bytes(8) + struct.pack(">BBBBHHQHHI", 1, 7, 2, 3, 0, 0, 0, attribute, 0, 0) + bytes(232))


class Port:
    def __init__(self, directory, name):
        self.socket = socket.socket(socket.AF_UNIX)
        # with a time limit it would not wait for a place in the queue of those who connect
        self.socket.connect(f"{directory}/{name}")
        self.socket.settimeout(LIMIT)

    def send(self, *frames):
        self.socket.sendall(b"".join(struct.pack(">I", len(one)) + one for one in frames))

    def exactly(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def next(self):
        return self.exactly(struct.unpack(">I", self.exactly(4))[0])

    def gets(self, *frames):
        for one in frames:
            got = self.next()
            assert got == one, f"expected {one[12:40]!r}, got {got[12:40]!r}"

    def ended(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


class Switch:
    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="rnbd-switch.")
        self.at = self.directory.name
        self.process = subprocess.Popen([SWITCH, "serve", self.at, *NAMES])
        end = time.monotonic() + LIMIT
        while not os.path.exists(self.at + "/control"):
            assert time.monotonic() < end, "no switch"
            time.sleep(0.01)
        self.ports = [self.connect(name) for name in NAMES]

    def connect(self, name):
        """Accepted when this returns: a status says so."""
        port = Port(self.at, name)
        end = time.monotonic() + LIMIT
        while f"port {name} absent" in self.ask("status"):
            assert time.monotonic() < end, "not accepted"
        return port

    def run(self, line):
        return subprocess.run([SWITCH, "ask", self.at, *line.split(" ")], capture_output=True, text=True, check=False)

    def ask(self, line):
        done = self.run(line)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        return done.stdout.strip()

    def refuses(self, line, words=""):
        done = self.run(line)
        assert done.returncode == 1 and done.stderr.strip() and words in done.stderr, f"{line}: {done}"

    def end(self):
        self.process.kill()
        self.process.wait()
        for port in self.ports:
            port.socket.close()
        self.directory.cleanup()


def joins_all(_, server, client, third):
    many = [frame(str(i), 50 + i * 7 % 4200) for i in range(500)]
    client.send(*many)
    server.gets(*many)
    third.gets(*many)
    # none came back
    server.send(frame("answer"))
    client.gets(frame("answer"))


def holds_and_releases_in_order(switch, server, client, _):
    switch.ask("hold writes from=client op=write")
    held = [roce(opcode) for opcode in (6, 7, 8, 10, 11)]
    for one in held:
        client.send(one, frame("passes"))
        server.gets(frame("passes"))
    server.send(roce(10))       # from another port
    client.gets(roce(10))
    assert switch.ask("count writes") == "5"
    switch.ask("wait writes 5 0")
    assert switch.ask("release writes") == "5"
    server.gets(*held)
    client.send(roce(10))
    server.gets(roce(10))
    switch.refuses("count writes", "no such rule")


def releases_more_than_a_port_waits_for(switch, server, client, _):
    switch.ask("hold all")
    many = [frame(str(i)) for i in range(6000)]
    client.send(*many)
    switch.ask(f"wait all {len(many)} {LIMIT}")
    switch.ask("release all")
    server.gets(*many)


def cuts_and_joins(switch, server, client, third):
    switch.ask("cut client")
    client.send(frame("lost"))
    server.send(frame("to the third only"))
    third.gets(frame("to the third only"))
    switch.ask("join client")
    server.send(frame("again"))
    client.gets(frame("again"))
    client.send(frame("here"))
    server.gets(frame("here"))


def forgets_what_a_cut_port_would_get(switch, server, client, third):
    switch.ask("hold all from=client")
    client.send(frame("held"))
    switch.ask(f"wait all 1 {LIMIT}")
    switch.ask("cut server")
    switch.ask("release all")
    third.gets(frame("held"))
    switch.ask("join server")
    client.send(frame("now"))
    server.gets(frame("now"))


def duplicates_and_drops(switch, server, client, _):
    switch.ask("duplicate twice op=ack skip=1 limit=1")
    switch.ask("drop gone op=send-only")
    client.send(roce(17, 1), roce(4), roce(17, 2), roce(17, 3), roce(5))
    server.gets(roce(17, 1), roce(17, 2), roce(17, 2), roce(17, 3), roce(5))
    assert switch.ask("count gone") == "1" and switch.ask("count twice") == "1"
    assert switch.ask("release gone") == "0"
    client.send(roce(4))
    server.gets(roce(4))


def knows_opcodes(switch, server, client, _):
    for words, fit, other in (
            ("op=write", roce(6), roce(4)), ("op=write-only", roce(10), roce(11)), ("op=0x0b", roce(11), roce(10)),
            ("op=send-last", roce(2), roce(3)), ("op=read-response", roce(16), roce(12)), ("op=17", roce(17), roce(18)),
            ("op=ack,send-only-inv", roce(0x17), roce(4)), ("op=ack", roce(17, six=True), roce(4, six=True)),
            ("qp=66051", roce(4, 66051), roce(4, 66052)), ("op=ack qp=3", roce(17, 3), roce(4, 3)),
            ("op=ack", roce(17), roce(17, port=4792)), ("op=ack", roce(17), frame("too short", 4)),
            ("op=cm", connection_manager(0x15), roce(17)), ("op=cm-dreq", connection_manager(0x15), connection_manager(0x16)),
            ("op=cm-req", connection_manager(0x10), connection_manager(0x20)), ("op=cm", connection_manager(0x10), roce(0x64, 1)),
            ("qp=1", connection_manager(0x10), roce(4))):
        switch.ask("drop some " + words)
        client.send(fit, other)
        server.gets(other)
        assert switch.ask("release some") == "0", words
        client.send(fit)
        server.gets(fit)


def takes_the_first_rule_that_fits(switch, server, client, _):
    switch.ask("pass first op=ack limit=1")
    switch.ask("drop second op=ack")
    client.send(roce(17, 1), roce(17, 2), roce(4))
    server.gets(roce(17, 1), roce(4))
    assert switch.ask("count first") + switch.ask("count second") == "11"


def waits(switch, server, client, _):
    switch.ask("pass some from=client")
    switch.refuses("wait some 1 0", "has met 0, not 1")
    waiting = [subprocess.Popen([SWITCH, "ask", switch.at, "wait", "some", n, str(LIMIT)], stderr=subprocess.PIPE) for n in "13"]
    client.send(frame("one"))
    assert waiting[0].wait(LIMIT) == 0
    server.gets(frame("one"))
    assert waiting[1].poll() is None
    switch.ask("release some")
    assert waiting[1].wait(LIMIT) == 1 and b"released" in waiting[1].stderr.read()
    waiting[1].stderr.close()
    waiting[0].stderr.close()


def stalls(switch, server, client, _):
    switch.ask("stall client")
    client.socket.setblocking(False)
    sent, one = 0, frame("stalled", 4000)
    data = struct.pack(">I", len(one)) + one
    whole = data * 1000
    try:
        while sent < len(whole):
            sent += client.socket.send(whole[sent:])
        raise AssertionError("nobody has to wait")
    except BlockingIOError:
        pass
    server.send(frame("the other way"))
    client.socket.settimeout(LIMIT)
    client.gets(frame("the other way"))
    switch.ask("flow client")
    client.socket.sendall(whole[sent:sent + len(data) - sent % len(data)])
    server.gets(*[one] * (sent // len(data) + 1))


def survives_a_port_that_goes_away(switch, server, client, third):
    client.socket.sendall(struct.pack(">I", 100) + b"half of it")
    client.socket.close()
    server.send(frame("to nobody"))
    third.gets(frame("to nobody"))
    client = switch.connect("client")
    client.send(frame("whole"))
    server.gets(frame("whole"))
    server.send(frame("heard"))
    client.gets(frame("heard"))
    # the end that was started last is the port
    again = switch.connect("client")
    assert client.ended()
    again.send(frame("anew"))
    server.gets(frame("anew"))


def starts_a_new_reader_with_a_whole_frame(switch, server, client, third):
    long = [frame(str(i), 60000) for i in range(20)]
    client.send(*long)
    third.gets(*long)
    server.socket.recv(1000)
    server.socket.close()
    server = switch.connect("server")
    client.send(frame("first"))
    server.gets(frame("first"))


def ends_who_sends_garbage(switch, server, client, third):
    for number, length in enumerate((0, 13, 69633, 0xffffffff), 1):
        client.send(frame("good"))
        client.socket.sendall(struct.pack(">I", length) + bytes(20))
        server.gets(frame("good"))
        assert client.ended()
        client = switch.connect("client")
        assert f"refused {number}" in switch.ask("status")
        third.gets(frame("good"))


def holds_up_nobody(switch, server, client, third):
    """The server does not read; what is too much for its queue is lost to it alone."""
    many = [frame(str(i), 4000) for i in range(6000)]
    for begin in range(0, len(many), 100):
        client.send(*many[begin:begin + 100])
        third.gets(*many[begin:begin + 100])
    lost = int(switch.ask("status").splitlines()[0].split(" dropped ")[1].split()[0])
    assert 0 < lost < 2000, lost
    server.gets(*many[:len(many) - lost])
    client.send(frame("last"))
    server.gets(frame("last"))


def refuses_nonsense(switch, server, client, _):
    for line in ("cutt client", "cut", "cut nobody", "cut client server", "hold", "hold x from=nobody", "hold x op=", "hold x op=wri",
                 "hold x op=256", "hold x qp=16777216", "hold x skip=-1", "hold x limit=1x", "hold x later", "hold x=1", "release x",
                 "hold " + "x" * 40, "count", "wait x 1 1", "drop x " + "y" * 600, "drop x " + " ".join("z" * 40)):
        switch.refuses(line)
    switch.ask("hold x limit=0")
    for line in ("drop x", "wait x", "wait x 1", "wait x 1 y", "wait x 1 1 1", "wait x 1 -1"):
        switch.refuses(line)
    client.send(frame("alive"))
    server.gets(frame("alive"))
    for _ in range(40):         # more than it has places for, none of which says anything
        Port(switch.at, "control")
    switch.ask("release x")


def test(case):
    global passed, failed
    switch = Switch()
    try:
        case(switch, *switch.ports)
        assert switch.process.poll() is None, "the switch ended"
        passed += 1
        print("ok  ", case.__name__)
    except Exception as error:
        failed += 1
        print("FAIL", case.__name__, type(error).__name__, error)
        print(switch.run("status").stdout)
    finally:
        switch.end()


for each in (joins_all, holds_and_releases_in_order, releases_more_than_a_port_waits_for, cuts_and_joins,
             forgets_what_a_cut_port_would_get, duplicates_and_drops, knows_opcodes, takes_the_first_rule_that_fits, waits, stalls,
             survives_a_port_that_goes_away, starts_a_new_reader_with_a_whole_frame, ends_who_sends_garbage, holds_up_nobody,
             refuses_nonsense):
    test(each)
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(failed > 0)
