# SPDX-License-Identifier: GPL-2.0-or-later
"""Made-up captures for selftest.py: a small RTRS session, its messages written down byte by byte from docs/protocol.md."""
import struct

DEPTH, OFF_BITS = 3, 26                 # two bits of the immediate hold the slot
TO_CLIENT, TO_SERVER = 0x123, 0xfffffe  # first packet numbers, said by the side that receives them; the second wraps soon
CHUNK, CHUNKS = 131072, 0x7f0000000000
PATH, SESSION = bytes(range(16)), bytes(range(16, 32))
SEND, SEND_IMM, WRITE_FIRST, WRITE_MIDDLE, WRITE_LAST_IMM, WRITE, WRITE_IMM, SEND_INVAL = 4, 5, 6, 7, 9, 10, 11, 0x17


def pcap(frames, order="<", link=1):
    out = struct.pack(order + "IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65536, link)
    for frame in frames:
        out += struct.pack(order + "IIII", 1, 2, len(frame), len(frame)) + frame
    return out


class Capture:
    """A client, a server and the frames between them. @change: kind -> function from the right bytes to those sent."""

    def __init__(self, change=None, ip6=False, service=0x01060000 | 1234, garbage=False):
        self.frames = []
        self.change = change or {}
        self.ip6 = ip6
        self.service = service
        self.garbage = garbage          # where an in-tree client leaves bytes as they were
        self.psn = {}                   # by receiver
        self.keys = [0x100 * slot for slot in range(DEPTH)]

    def changed(self, kind, data):
        if self.garbage and kind in GARBAGE:
            data = GARBAGE[kind](data)
        return self.change.get(kind, lambda right: right)(data)

    def ether(self, kind, payload):
        self.frames.append(bytes(12) + struct.pack(">H", kind) + payload)

    def datagram(self, to_server, payload):
        ends = [2, 1] if to_server else [1, 2]
        udp = struct.pack(">HHHH", 50000, 4791, 8 + len(payload), 0) + payload
        if self.ip6:
            addresses = b"".join(bytes([0xfd] + [0] * 14 + [end]) for end in ends)
            self.ether(0x86dd, struct.pack(">IHBB", 6 << 28, len(udp), 17, 64) + addresses + udp)
        else:
            addresses = b"".join(bytes([10, 77, 0, end]) for end in ends)
            self.ether(0x0800, struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 7, 0x4000, 64, 17, 0) + addresses + udp)

    def packet(self, to_server, opcode, qpn, psn, payload):
        """@payload: with the headers behind the base header."""
        pad = -len(payload) % 4
        self.datagram(to_server, struct.pack(">BBHII", opcode, pad << 4, 0xffff, qpn, psn) + payload + bytes(pad + 4))

    def message(self, to_server, cid, opcode, payload):
        qpn = (0x200 if to_server else 0x100) + cid
        psn = self.psn.setdefault((to_server, qpn), TO_SERVER if to_server else TO_CLIENT)
        self.psn[to_server, qpn] = (psn + 1) & 0xffffff
        self.packet(to_server, opcode, qpn, psn, payload)

    def manager(self, to_server, attribute, body):
        mad = struct.pack(">BBBBHHQHHI", 1, 7, 2, 3, 0, 0, 9, attribute, 0, 0) + body.ljust(232, b"\0")
        self.packet(to_server, 0x64, 1, 0, struct.pack(">II", 0x80010000, 1) + mad)

    # ---- a path ----

    def connect_request(self, cid, name):
        """@name: the client's for this try."""
        message = struct.pack("<BBHHHHH", 0, 0, 0x1bbd, 0x200, cid, 2, 1) + PATH + SESSION + b"\1" + bytes(11)
        head = bytes(36) if self.service >> 16 == 0x106 else b""
        body = struct.pack(">IIQ", name, 0, self.service) + bytes(16) + struct.pack(">I", 0x100 + cid << 8)
        body += bytes(8) + struct.pack(">I", TO_CLIENT << 8) + bytes(92)
        self.manager(True, 0x10, body + head + self.changed("conn-req", message))

    def connect(self, cid):
        self.connect_request(cid, 70 + cid)
        message = struct.pack("<HHHHIII", 0x1bbd, 0x200, 0, DEPTH, CHUNK - 4096, 4096, 2) + bytes(36)
        body = struct.pack(">IIII", 90 + cid, 70 + cid, 0, 0x200 + cid << 8) + bytes(4) + struct.pack(">I", TO_SERVER << 8)
        self.manager(False, 0x13, body + bytes(12) + self.changed("conn-rsp", message))

    def refused(self):
        self.connect_request(1, 60)
        message = struct.pack("<HHhHIII", 0x1bbd, 0x200, -104, 0, 0, 0, 0) + bytes(36)
        body = struct.pack(">IIBBH", 0, 60, 0, 0, 28) + bytes(72)
        self.manager(False, 0x12, body + self.changed("conn-rej", message))
        self.frames.append(self.frames[-2])             # nobody knows whether the first came through
        self.frames.append(self.frames[-2])

    def info(self):
        name = b"a-session".ljust(255, b"\0")
        self.message(True, 0, SEND, self.changed("info-req", struct.pack("<H", 0) + name + bytes(15)))
        message = struct.pack("<HHI", 1, DEPTH, 0)
        for slot, key in enumerate(self.keys):
            message += struct.pack("<QII", CHUNKS + slot * CHUNK, key, CHUNK)
        self.message(False, 0, SEND, self.changed("info-rsp", message))

    def heartbeat(self):
        for kind, number in ("hb", 8), ("hb-ack", 9):
            value = self.changed(kind, number << 28)
            self.message(kind == "hb", 0, WRITE_IMM, bytes(16) + struct.pack(">I", value))

    # ---- requests ----

    def request(self, cid, slot, kind, message, data=b"", lent=None):
        """A write of @data, or with @lent a read of so many bytes; more than a packet's worth goes in three."""
        message = self.changed(kind, message)
        if lent is None:
            body = data + message + self.changed("write-req", struct.pack("<HH", 2, len(message)))
            at, off = 0, len(data) + len(message)
        else:
            head = struct.pack("<HHHH", 3, len(message), 1 if lent else 0, 1 if lent else 0)
            head += struct.pack("<QII", 0x5000, 0x66, lent) if lent else b""
            body = message + self.changed("read-req", head)
            at, off = lent, lent + len(message)
        rdma = struct.pack(">QII", CHUNKS + slot * CHUNK + at, self.keys[slot], len(body))
        imm = struct.pack(">I", self.changed("req-imm", slot << OFF_BITS | off))
        if len(body) < 4096:
            self.message(True, cid, WRITE_IMM, rdma + imm + body)
            return
        self.message(True, cid, WRITE_FIRST, rdma + body[:2048])
        self.message(True, cid, WRITE_MIDDLE, body[2048:4096])
        self.message(True, cid, WRITE_LAST_IMM, imm + body[4096:])

    def answer(self, cid, slot, kind="", data=None):
        if data is not None:
            data = self.changed(kind, data)
            self.message(False, cid, WRITE, struct.pack(">QII", 0x5000, 0x66, len(data)) + data)
            self.message(False, cid, SEND_INVAL, struct.pack(">I", self.changed("inval", 0x66)))
        self.keys[slot] += 1
        value = self.changed("rsp-imm", (1 if data is None else 2) << 28 | slot)
        message = self.changed("rkey", struct.pack("<HHI", 4, slot, self.keys[slot]))
        self.message(False, cid, SEND_IMM, struct.pack(">I", value) + message)

    def io(self, slot, kind, flags, size, sector=64):
        """@kind as wire-check names it. Reads and flushes travel as reads."""
        number = KINDS.index(kind)
        message = struct.pack("<HHIQIIHHI", 4, 0, 5, sector, number | flags, size, 0, 0, 0)
        if kind == "io-write":
            self.request(1, slot, kind, message, data=bytes(size))
            self.answer(1, slot)
        elif kind == "io-read":
            self.request(1, slot, kind, message, lent=size)
            self.answer(1, slot, data=bytes(size))
        else:
            self.request(1, slot, kind, message, lent=0 if kind == "io-flush" else None)
            self.answer(1, slot)

    def block_device(self):
        self.request(0, 0, "sess-info", struct.pack("<HHB", 0, 0, 2) + bytes(31), lent=36)
        self.answer(0, 0, "sess-info-rsp", struct.pack("<HHB", 1, 0, 2) + bytes(31))
        self.request(0, 1, "open", struct.pack("<HHBB", 2, 0, 1, 0) + b"ram0".ljust(255, b"\0") + bytes(3), lent=56)
        self.answer(0, 1, "open-rsp", struct.pack("<HHIQIIIIIHHHHBB", 3, 0, 5, 2048, 248, 0, 64, 4096, 0, 4096, 512, 128, 0, 0, 3)
                    + bytes(10))
        self.io(2, "io-write", 0, 8192)
        self.io(2, "io-read", 0x100, 3072)
        self.io(0, "io-flush", 0x100, 0, 2 ** 64 - 1)
        self.io(0, "io-discard", 0, 65536)
        self.io(0, "io-erase", 0, 65536)
        self.io(0, "io-zeroes", 0x800, 65536)
        self.request(0, 1, "close", struct.pack("<HHI", 5, 0, 5))
        self.answer(0, 1)

    def session(self):
        self.connect(0)
        self.refused()
        self.connect(1)
        self.info()
        self.block_device()
        self.heartbeat()
        return self


KINDS = ["io-read", "io-write", "io-flush", "io-discard", "io-erase", "io-zeroes"]


def put(at, value):
    """The same bytes, with others from @at on."""
    return lambda data: data[:at] + bytes(value) + data[at + len(bytes(value)):]


def both(first, second):
    return lambda data: second(first(data))


def flag(data):
    """A flush with FUA."""
    return both(put(17, [data[17] | 2]), put(26, b"\xaa" * 6))(data)


# All that an in-tree client may leave as it was.
GARBAGE = {kind: both(put(2, b"\xbb\xbb"), put(26, b"\xaa" * 6)) for kind in KINDS}
GARBAGE["io-flush"] = both(put(2, b"\xbb\xbb"), flag)
GARBAGE["sess-info"] = both(put(2, b"\xbb\xbb"), put(5, b"\xaa" * 31))
GARBAGE["open"] = both(both(put(2, b"\xbb\xbb"), put(5, b"\xaa")), put(11, b"\xaa" * 253))
GARBAGE["close"] = put(2, b"\xbb\xbb")
