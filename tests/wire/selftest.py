#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""selftest.py WIRE-CHECK: a check that cannot fail proves nothing, so each kind is shown to it right and wrong."""
import subprocess
import sys
import tempfile

import capture
from capture import Capture, pcap, put

ALL = ("conn-req conn-rsp conn-rej info-req info-rsp write-req read-req req-imm rsp-imm rkey inval hb hb-ack sess-info "
       "sess-info-rsp open open-rsp close io-read io-write io-flush io-discard io-erase io-zeroes").split()

# One wrong value of each kind that nothing but the comparison, or our parser, would notice.
WRONG = {
    "conn-req": put(50, b"\1"), "conn-rsp": put(30, b"\1"), "conn-rej": put(30, b"\1"),
    "info-req": put(260, b"\1"), "info-rsp": put(5, b"\1"), "write-req": put(0, b"\7"), "read-req": put(5, b"\1"),
    "req-imm": lambda imm: imm | 3 << capture.OFF_BITS, "rsp-imm": lambda imm: imm | 200 << 19,
    "rkey": put(2, b"\2"), "inval": lambda key: key + 1, "hb": lambda imm: imm | 1, "hb-ack": lambda imm: imm | 1,
    "sess-info": put(35, b"\1"), "sess-info-rsp": put(2, b"\1"), "open": put(261, b"\1"), "open-rsp": put(46, b"\1"),
    "close": put(3, b"\1"), "io-read": put(26, b"\1"), "io-write": put(31, b"\1"), "io-flush": put(8, b"\0"),
    "io-discard": put(2, b"\1"), "io-erase": put(17, b"\x10"), "io-zeroes": put(28, b"\1"),
}
# In the messages where an in-tree client's garbage is excused, the bytes beside it are not.
BESIDE = {
    "sess-info": put(4, b"\3"), "open": put(1, b"\1"), "close": put(8, b"\0"), "io-read": put(17, b"\x10"),
    "io-write": put(18, b"\1"), "io-flush": put(17, b"\x13"), "io-zeroes": put(19, b"\x80"),
}
failed = passed = 0


def run(data, *options):
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(data)
        file.flush()
        done = subprocess.run([sys.argv[1], *options, file.name], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def expect(name, status, words, data, *options):
    """Exit status @status and @words, each a line or a part of one."""
    got, output = run(data, *options)
    missing = [word for word in words if word not in output]
    count(name, got == status and not missing, f"exit status {got}, expected {status}, without {missing}\n{output}")


def count(name, right, output):
    global passed, failed
    if right:
        passed += 1
        print("ok  ", name)
    else:
        failed += 1
        print("FAIL", name)
        print(output)


def good():
    session = Capture().session()
    want = ["--want", ",".join(ALL)]
    lines = ["conn-req           3 same", "conn-rej           1 same", "info-rsp           1 same", "req-imm            9 same",
             "io-write           1 same", "inval              3 same", "rkey               9 same"]
    expect("a good session", 0, lines, pcap(session.frames), *want)
    expect("in the other byte order", 0, lines, pcap(session.frames, ">"), *want)
    expect("over IPv6", 0, lines, pcap(Capture(ip6=True).session().frames), *want)
    expect("in the IB port space", 0, lines, pcap(Capture(service=0x013f0000 | 1234).session().frames), *want)
    expect("on another port", 0, lines, pcap(Capture(service=0x01060000 | 99).session().frames), *want, "--port", "99")
    expect("what nobody asked for", 1, ["no message of RTRS"], pcap(Capture(service=0x01060000 | 99).session().frames))
    twice = [frame for frame in session.frames for _ in range(2)]
    expect("every packet sent twice", 0, lines, pcap(twice), *want)
    # the middle of the long write is lost, and all from there on is sent again
    at = next(i for i, frame in enumerate(session.frames) if frame[42:43] == b"\7")
    again = session.frames[:at] + [session.frames[at + 1]] + session.frames[at:]
    expect("a packet lost on the way", 0, lines, pcap(again), *want)
    empty = Capture()
    empty.connect(0)
    expect("a kind that is missing", 1, ["hb                 0 MISSING"], pcap(empty.frames), "--want", "hb")


def wrong():
    for kind in ALL:
        row = f"{kind:14}"
        got, output = run(pcap(Capture({kind: WRONG[kind]}).session().frames))
        line = next((line for line in output.split("\n") if line.startswith(row)), "")
        count("a wrong " + kind, got == 1 and "DIFFERENT" in line, output)
    frames = pcap(Capture({"open-rsp": put(46, b"\7")}).session().frames)
    rows = ["byte 46", "0020 seen ", "0020 built", "03 07 00", "03 00 00"]
    expect("a difference is shown", 1, rows, frames)


def intree():
    frames = pcap(Capture(garbage=True).session().frames)
    expect("an in-tree client's garbage", 0, [], frames, "--intree-client", "--want", ",".join(ALL))
    garbled = "sess-info open close io-read io-write io-flush io-discard io-erase io-zeroes".split()
    got, output = run(frames)
    count("the same garbage from our client", got == 1 and output.count("DIFFERENT") == len(garbled), output)
    for kind, change in BESIDE.items():
        got, output = run(pcap(Capture({kind: change}, garbage=True).session().frames), "--intree-client")
        count("beside an in-tree client's garbage in " + kind, got == 1 and "DIFFERENT" in output, output)
    got, output = run(pcap(Capture({"open-rsp": put(46, b"\1")}, garbage=True).session().frames), "--intree-client")
    count("garbage from its server", got == 1 and output.count("DIFFERENT") == 1, output)


def unreadable():
    frames = Capture().session().frames
    whole = pcap(frames)
    expect("no capture", 2, ["not a pcap file"], b"x" * 100)
    expect("an empty file", 2, ["too short"], b"")
    expect("other links than Ethernet", 2, ["not a capture of Ethernet"], pcap(frames, link=101))
    expect("the end is missing", 2, ["frame 5", "the file ends inside it"], whole[:len(pcap(frames[:5])) - 1])
    part = pcap(frames[:1])
    expect("a frame kept in part", 2, ["captured only in part"], part[:36] + b"\xff" + part[37:])
    cut = frames[0][:-10]
    expect("a short frame", 2, ["cut short"], pcap([cut]))
    expect("a fragment", 2, ["a fragment"], pcap([put(20, b"\x20")(frames[0])]))
    expect("a fragment, IPv6", 2, ["a fragment"], pcap([put(20, [44])(Capture(ip6=True).session().frames[0])]))
    expect("a session from its middle on", 2, ["making was not captured"], pcap(frames[-9:]))
    hole = next(i for i, frame in enumerate(frames) if frame[42:43] == b"\7")
    expect("a hole", 2, [f"frame {hole + 1}:", "was not captured"], pcap(frames[:hole] + frames[hole + 1:]))
    early = Capture()
    early.connect(0)
    early.psn[True, 0x200] = capture.TO_SERVER - 1
    early.info()
    expect("a packet from before the connection", 2, ["before its connection began"], pcap(early.frames))
    expect("two captures", 2, ["cannot do with"], whole, "another.pcap")
    expect("no such kind", 2, ["no kind of message: nothing"], whole, "--want", "nothing")


good()
wrong()
intree()
unreadable()
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(failed > 0)
