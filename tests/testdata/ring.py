"""A ring as docs/ring-format.md describes it, in Python: written from that text
and not from the TypeScript.

Usage: ring.py ROLE NAME [COUNT [LONGEST]], as of ring.c.
"""

import ctypes
import os
import platform
import struct
import sys
from multiprocessing import resource_tracker, shared_memory

HEADER, AWAKE, ASLEEP, CLOSED = 256, 0, 1, 2
TAIL, HEAD, PRODUCER, CONSUMER = 64, 128, 192, 196
PRODUCER_OWNER, CONSUMER_OWNER = 200, 208
FUTEX_WAIT, FUTEX_WAKE = 0, 1

libc = ctypes.CDLL(None, use_errno=True)
SYS_FUTEX = {"x86_64": 202, "aarch64": 98}[platform.machine()]


def identity():
    with open("/proc/self/stat") as file:
        start = int(file.read().rsplit(")", 1)[1].split()[19])
    namespace = os.stat("/proc/self/ns/pid").st_ino
    return os.getpid() | (start & 0xFFFFFFFF) << 22 | (namespace % 1023 + 1) << 54


class Ring:
    """Python has no atomics: on x86-64 and arm64, aligned words are written in
    one go, and the futex system call is a barrier. Between other stores and
    loads there is always an interpreter's worth of instructions."""

    def __init__(self, name):
        self.memory = shared_memory.SharedMemory(name.lstrip("/"))
        # Who has not made it must not remove it at the end: bpo-39959.
        resource_tracker.unregister(self.memory._name, "shared_memory")
        data = self.memory.buf
        self.words = memoryview(data)[:HEADER].cast("I")
        self.longs = memoryview(data)[:HEADER].cast("Q")
        magic, version, self.size, self.capacity = struct.unpack_from("<4sIII", data)
        assert magic == b"IPCR" and version == 1
        self.records = memoryview(data)[HEADER : HEADER + self.size]
        self.base = ctypes.addressof(ctypes.c_char.from_buffer(data))

    def get(self, at):
        return self.words[at // 4]

    def set(self, at, value):
        self.words[at // 4] = value

    def futex(self, at, operation, value, timeout=None):
        libc.syscall(
            SYS_FUTEX, ctypes.c_void_p(self.base + at), operation, value, timeout, None, 0
        )

    def wait(self, at):
        second = (ctypes.c_long * 2)(0, 10_000_000)
        self.futex(at, FUTEX_WAIT, ASLEEP, ctypes.byref(second))

    def wake(self, at):
        if self.get(at) == ASLEEP:
            self.set(at, AWAKE)
            self.futex(at, FUTEX_WAKE, 0x7FFFFFFF)

    def claim(self, owner, state):
        assert self.longs[owner // 8] == 0
        self.longs[owner // 8] = identity()
        self.set(state, AWAKE)

    def used(self):
        return (self.get(TAIL) - self.get(HEAD)) % (2 * self.size)

    def close_producer(self):
        self.set(PRODUCER, CLOSED)
        self.wake(CONSUMER)
        self.longs[PRODUCER_OWNER // 8] = 0

    def write(self, position, data):
        begin = position % self.size
        first = min(len(data), self.size - begin)
        self.records[begin : begin + first] = data[:first]
        self.records[: len(data) - first] = data[first:]

    def read(self, position, length):
        begin = position % self.size
        first = min(length, self.size - begin)
        return bytes(self.records[begin : begin + first]) + bytes(
            self.records[: length - first]
        )

    def send(self, data):
        needed = (len(data) + 15) & ~7
        while self.size - self.used() < needed:
            self.set(PRODUCER, ASLEEP)
            if self.size - self.used() < needed:
                self.wait(PRODUCER)
        tail = self.get(TAIL)
        self.write(tail, struct.pack("<II", len(data), 0))
        self.write(tail + 8, data)
        self.set(TAIL, (tail + needed) % (2 * self.size))
        self.wake(CONSUMER)

    def receive(self):
        while self.used() == 0:
            if self.get(PRODUCER) == CLOSED and self.used() == 0:
                return None
            self.set(CONSUMER, ASLEEP)
            if self.used() == 0:
                self.wait(CONSUMER)
        head = self.get(HEAD)
        (length, _) = struct.unpack("<II", self.read(head, 8))
        data = self.read(head + 8, length)
        self.set(HEAD, (head + ((length + 15) & ~7)) % (2 * self.size))
        self.wake(PRODUCER)
        return data


def numbered(number, longest):
    length = number * 2654435761 % 2**32 % (longest + 1)
    return bytes((number * 31 + i * 7) & 255 for i in range(length))


role, name = sys.argv[1:3]
count, longest = [int(text) for text in sys.argv[3:5]] or [0, 0]
ring = Ring(name)
if role == "produce":
    ring.claim(PRODUCER_OWNER, PRODUCER)
    for i in range(count):
        ring.send(numbered(i, longest))
    ring.close_producer()
elif role == "consume":
    ring.claim(CONSUMER_OWNER, CONSUMER)
    right = 0
    while (message := ring.receive()) is not None:
        right += message == numbered(right, longest)
    print(right)
elif role == "echo":
    back = Ring(name + ".back")
    ring.claim(CONSUMER_OWNER, CONSUMER)
    back.claim(PRODUCER_OWNER, PRODUCER)
    while (message := ring.receive()) is not None:
        back.send(message)
    back.close_producer()
# Views of the memory are still there; the end of the process closes it.
sys.stdout.flush()
os._exit(0)
