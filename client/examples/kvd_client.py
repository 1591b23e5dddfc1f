#!/usr/bin/env python3
"""A small kvd client in the Python standard library, written from protocol/docs/wire_format.md.

One connection, one thread. Every method sends one request and waits for its answer; pipeline()
shows how to send many first. `kvd_client.py HOST:PORT selftest` runs it against a live server.

SPDX-License-Identifier: Apache-2.0
"""
import collections
import contextlib
import os
import socket
import struct
import sys

REQUEST, RESPONSE, PUSH = 0xD7, 0xD8, 0xD9
VERSION = 1
MORE, COMPRESSED, CHECKED, QUIET, EXT, FENCE, IN_DOUBT = (1 << bit for bit in range(7))
MEMORY, OS, DISK = 0, 1, 2

HELLO, PING, CANCEL, GOAWAY = 1, 2, 3, 4
GET, MULTI_GET, SCAN, SCAN_CREDIT, COUNT = 16, 17, 18, 19, 20
PUT, DELETE, BATCH, INCREMENT, DELETE_RANGE = 32, 33, 34, 35, 36
SNAPSHOT_OPEN, SNAPSHOT_RENEW, SNAPSHOT_CLOSE = 48, 49, 50
STATUS, STATS = 64, 65
WRITES = (PUT, DELETE, BATCH, INCREMENT)

RETRYABLE, SURELY_NOT_APPLIED, IN_DOUBT_CLASS, FATAL = 0x8000, 0x4000, 0x2000, 0x1000
INVALID_ARGUMENT, MALFORMED, TOO_LARGE, CONFLICT, NOT_FOUND = 0x4001, 0x4002, 0x4003, 0x4004, 0x4005
UNSUPPORTED, UNKNOWN_OPCODE, CANCELLED = 0x4006, 0x4007, 0x400A
BAD_FRAME, BAD_VERSION, FRAME_TOO_LARGE, HELLO_REQUIRED = 0x5020, 0x5021, 0x5022, 0x5024

HEADER = struct.Struct("<IBBHHHIQQ")
SCAN_CREDIT_BYTES = 256 * 1024

Frame = collections.namedtuple("Frame", "magic flags opcode status server_us request_id body")
Entry = collections.namedtuple("Entry", "key value seqno expiry_ms")
Found = collections.namedtuple("Found", "value seqno expiry_ms")
Written = collections.namedtuple("Written", "first_seqno last_seqno reached counters")
Snapshot = collections.namedtuple("Snapshot", "id seqno lease_ms")
Durable = collections.namedtuple("Durable", "published_seqno durable_seqno is_durable")
Hello = collections.namedtuple(
    "Hello", "version server_features agreed_features max_key_bytes max_value_bytes max_frame_bytes "
    "max_batch_bytes max_outstanding pre_auth_frame_bytes server_version node_id role epoch durable_seqno")


class KvdError(Exception):
    """The server said no. `status` is the wire status, `detail` its number (see the document)."""

    def __init__(self, status, detail, message):
        super().__init__("status 0x%04X, detail %d: %s" % (status, detail, message))
        self.status, self.detail, self.message = status, detail, message
        self.retryable = bool(status & RETRYABLE)
        self.surely_not_applied = bool(status & SURELY_NOT_APPLIED)
        self.in_doubt = bool(status & IN_DOUBT_CLASS)
        self.fatal = bool(status & FATAL)


class ConnectionLost(Exception):
    """The connection broke: unanswered writes are in doubt."""


def byte_string(value):
    return struct.pack("<I", len(value)) + value


class Cursor:
    """Reads a body; a body that is too short or too long is an error."""

    def __init__(self, body):
        self.body, self.at = body, 0

    def take(self, size):
        if size > len(self.body) - self.at:
            raise ValueError("body ends early")
        self.at += size
        return self.body[self.at - size:self.at]

    def number(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def bytes(self):
        return self.take(self.number("I"))

    def list(self, item):
        return [item() for _ in range(self.number("I"))]

    def done(self):
        if self.at != len(self.body):
            raise ValueError("%d bytes left over in a body" % (len(self.body) - self.at))


class Batch:
    """Operations that happen together or not at all, and what must hold for them to happen."""

    def __init__(self):
        self._conditions, self._ops = [], []

    def _require(self, kind, key, value=b"", seqno=0):
        self._conditions.append(struct.pack("<BQ", kind, seqno) + byte_string(key) + byte_string(value))
        return self

    def _op(self, kind, key, rest):
        self._ops.append(struct.pack("<B", kind) + byte_string(key) + rest)
        return self

    def require_absent(self, key):
        return self._require(1, key)

    def require_present(self, key):
        return self._require(2, key)

    def require_value(self, key, value):
        return self._require(3, key, value=value)

    def require_seqno(self, key, seqno):
        return self._require(4, key, seqno=seqno)

    def require_not_newer(self, key, seqno):
        return self._require(5, key, seqno=seqno)

    def put(self, key, value, expiry_ms=0):
        if expiry_ms:
            return self._op(3, key, struct.pack("<Q", expiry_ms) + byte_string(value))
        return self._op(1, key, byte_string(value))

    def delete(self, key):
        return self._op(2, key, b"")

    def increment(self, key, amount):
        return self._op(4, key, struct.pack("<q", amount))

    def encode(self):
        return b"".join([struct.pack("<I", len(self._conditions))] + self._conditions +
                        [struct.pack("<I", len(self._ops))] + self._ops)


class Client:
    def __init__(self, host, port, timeout=10.0, deadline_ms=5000, hello=True):
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.deadline_ms = deadline_ms
        self.next_id = 1
        self.waiting = {}  # request id -> frames that came while another answer was awaited
        self.goaway = None
        self.server = None
        self.frame_limit = 4096
        if hello:
            self.hello()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # Frames

    def send(self, opcode, body=b"", flags=0, durability=DISK, priority=0, request_id=None):
        """Sends one request and returns its id."""
        if request_id is None:
            request_id, self.next_id = self.next_id, self.next_id + 1
        options = (durability if opcode in WRITES else 0) | priority << 8
        self.socket.sendall(HEADER.pack(len(body), REQUEST, VERSION, flags, opcode, options,
                                        self.deadline_ms, request_id, 0) + body)
        return request_id

    def _receive_exactly(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.socket.recv(min(size - len(data), 1 << 20))
            if not part:
                raise ConnectionLost("the server closed the connection")
            data += part
        return bytes(data)

    def receive(self):
        """The next frame, whoever it is for."""
        length, magic, version, flags, opcode, status, server_us, request_id, _ = HEADER.unpack(
            self._receive_exactly(HEADER.size))
        if magic not in (RESPONSE, PUSH) or version != VERSION or flags & COMPRESSED:
            raise ValueError("not a frame of this protocol: magic 0x%02X version %d flags 0x%04X" %
                             (magic, version, flags))
        if HEADER.size + length > self.frame_limit:
            raise ValueError("a frame of %d bytes is above the limit" % (HEADER.size + length))
        body = self._receive_exactly(length)
        if flags & EXT:
            cursor = Cursor(body)
            cursor.bytes()  # no tag of version 1 concerns this client
            body = body[cursor.at:]
        return Frame(magic, flags, opcode, status, server_us, request_id, body)

    def answer(self, request_id):
        """The next answer to `request_id`; raises KvdError when it is not ok."""
        queue = self.waiting.get(request_id)
        if queue:
            frame = queue.popleft()
            if not queue:
                del self.waiting[request_id]
        else:
            while True:
                frame = self.receive()
                if frame.magic == PUSH:
                    self._on_push(frame)
                elif frame.request_id in (request_id, 0):
                    break
                else:
                    self.waiting.setdefault(frame.request_id, collections.deque()).append(frame)
        if frame.status:
            cursor = Cursor(frame.body)
            detail, message = cursor.number("Q"), cursor.bytes()
            cursor.done()
            raise KvdError(frame.status, detail, message.decode("utf-8", "replace"))
        return frame

    def _on_push(self, frame):
        if frame.opcode == GOAWAY:
            cursor = Cursor(frame.body)
            self.goaway = (cursor.number("B"), cursor.number("Q"), cursor.number("I"), cursor.bytes())
            cursor.done()

    def call(self, opcode, body=b"", **options):
        return Cursor(self.answer(self.send(opcode, body, **options)).body)

    # Session

    def hello(self, min_version=1, max_version=1, name=b"kvd_client.py", user=b"", secret=b""):
        cursor = self.call(HELLO, struct.pack("<BBQII", min_version, max_version, 0, 0, 0) +
                           byte_string(name) + byte_string(user) + byte_string(secret))
        numbers = [cursor.number(form) for form in "BQQIIIIII"]
        version_text = cursor.bytes().decode()
        self.server = Hello(*numbers, version_text, *[cursor.number(form) for form in "QBQQ"])
        cursor.done()
        self.frame_limit = self.server.max_frame_bytes
        return self.server

    def ping(self, payload=b"", flags=0):
        cursor = self.call(PING, byte_string(payload), flags=flags)
        payload = cursor.bytes()
        cursor.done()
        return payload

    def _found(self, opcode, body):
        cursor = self.call(opcode, body)
        found = bool(cursor.number("B"))
        cursor.done()
        return found

    def cancel(self, request_id):
        return self._found(CANCEL, struct.pack("<Q", request_id))

    # Reads

    @staticmethod
    def _read_found(cursor):
        found, seqno, expiry_ms = cursor.number("B"), cursor.number("Q"), cursor.number("Q")
        value = cursor.bytes()
        return Found(value, seqno, expiry_ms) if found else None

    def get(self, key, snapshot=0):
        """A Found, or None."""
        cursor = self.call(GET, struct.pack("<Q", snapshot) + byte_string(key))
        found = self._read_found(cursor)
        cursor.done()
        return found

    def multi_get(self, keys, snapshot=0):
        cursor = self.call(MULTI_GET, struct.pack("<QI", snapshot, len(keys)) +
                           b"".join(byte_string(key) for key in keys))
        items = cursor.list(lambda: self._read_found(cursor))
        cursor.done()
        return items

    def scan(self, lower=b"", upper=b"", prefix=b"", reverse=False, limit=0, keys_only=False,
             snapshot=0, credit_bytes=SCAN_CREDIT_BYTES, resume_token=b""):
        """A Scan: iterate over it for entries; `token` then says where to go on."""
        body = (struct.pack("<BBQQI", reverse, keys_only, limit, snapshot, credit_bytes) +
                byte_string(lower) + byte_string(upper) + byte_string(prefix) + byte_string(resume_token))
        return Scan(self, self.send(SCAN, body))

    def count(self, lower=b"", upper=b"", prefix=b"", exact=False, snapshot=0):
        """(count, whether it is exact)."""
        cursor = self.call(COUNT, struct.pack("<BQ", exact, snapshot) +
                           byte_string(lower) + byte_string(upper) + byte_string(prefix))
        answer = cursor.number("Q"), bool(cursor.number("B"))
        cursor.done()
        return answer

    def _snapshot(self, opcode, body):
        cursor = self.call(opcode, body)
        snapshot = Snapshot(cursor.number("Q"), cursor.number("Q"), cursor.number("I"))
        cursor.done()
        return snapshot

    def snapshot_open(self, lease_ms=0):
        return self._snapshot(SNAPSHOT_OPEN, struct.pack("<I", lease_ms))

    def snapshot_renew(self, snapshot, lease_ms=0):
        return self._snapshot(SNAPSHOT_RENEW, struct.pack("<QI", snapshot, lease_ms))

    def snapshot_close(self, snapshot):
        return self._found(SNAPSHOT_CLOSE, struct.pack("<Q", snapshot))

    # Writes

    @staticmethod
    def read_written(cursor):
        written = Written(cursor.number("Q"), cursor.number("Q"), cursor.number("B"),
                          cursor.list(lambda: cursor.number("q")))
        cursor.done()
        return written

    def put(self, key, value, expiry_ms=0, durability=DISK):
        return self.read_written(self.call(
            PUT, struct.pack("<Q", expiry_ms) + byte_string(key) + byte_string(value),
            durability=durability))

    def delete(self, key, durability=DISK):
        return self.read_written(self.call(DELETE, byte_string(key), durability=durability))

    def increment(self, key, by=1, durability=DISK):
        """The new value. Not idempotent: after ConnectionLost it is in doubt."""
        body = struct.pack("<q", by) + byte_string(key)
        return self.read_written(self.call(INCREMENT, body, durability=durability)).counters[0]

    def batch(self, batch, durability=DISK):
        return self.read_written(self.call(BATCH, batch.encode(), durability=durability))

    # The store

    def status(self, seqno=0):
        cursor = self.call(STATUS, struct.pack("<Q", seqno))
        answer = Durable(cursor.number("Q"), cursor.number("Q"), bool(cursor.number("B")))
        cursor.done()
        return answer

    def stats(self, prefix=b""):
        cursor = self.call(STATS, byte_string(prefix))
        pairs = cursor.list(lambda: (cursor.bytes().decode(), cursor.bytes().decode()))
        cursor.done()
        return dict(pairs)

    # Many at once

    def pipeline(self, requests):
        """Sends all of (opcode, body), then returns the answers' bodies in the order asked.

        Stays within the server's max_outstanding by asking in slices.
        """
        bodies, slice_size = [], self.server.max_outstanding
        for start in range(0, len(requests), slice_size):
            ids = [self.send(opcode, body) for opcode, body in requests[start:start + slice_size]]
            bodies += [self.answer(request_id).body for request_id in ids]
        return bodies


class Scan:
    """The entries of one SCAN, credits granted as they are consumed."""

    def __init__(self, client, request_id):
        self.client, self.request_id = client, request_id
        self.token, self.exhausted, self.chunks = b"", False, 0
        self.grants = True  # False: never grant more than the first credit

    def chunks_of_entries(self):
        more = True
        while more:
            frame = self.client.answer(self.request_id)
            more = bool(frame.flags & MORE)
            cursor = Cursor(frame.body)
            self.exhausted = bool(cursor.number("B"))
            entries = cursor.list(lambda: self._entry(cursor))
            self.token = cursor.bytes()
            cursor.done()
            self.chunks += 1
            if more and self.grants:  # give back what this response took
                self.client.send(SCAN_CREDIT, struct.pack("<QI", self.request_id, len(frame.body)),
                                 flags=QUIET)
            yield entries

    def __iter__(self):
        for entries in self.chunks_of_entries():
            yield from entries

    @staticmethod
    def _entry(cursor):
        key, seqno, expiry_ms = cursor.bytes(), cursor.number("Q"), cursor.number("Q")
        return Entry(key, cursor.bytes(), seqno, expiry_ms)


class SelfTest:
    """Operations with assertions against a live server; touches only keys under its own prefix."""

    def __init__(self, host, port):
        self.host, self.port = host, port
        self.checks = 0
        self.prefix = b"kvd_client.py:%s:" % os.urandom(8).hex().encode()

    def key(self, name):
        return self.prefix + name

    def check(self, condition, claim):
        if not condition:
            raise AssertionError(claim)
        self.checks += 1

    def refused(self, status, action, claim):
        try:
            action()
        except KvdError as error:
            self.check(error.status == status, "%s: expected 0x%04X, got %s" % (claim, status, error))
            return error
        raise AssertionError(claim + ": it was not refused")

    def connect(self, **options):
        return contextlib.closing(Client(self.host, self.port, **options))

    def run(self):
        with self.connect() as client:
            try:
                for part in (self.session, self.points, self.batches, self.scans, self.snapshots,
                             self.store, self.order, self.bad_requests):
                    part(client)
            finally:
                self.clean_up()
        for part in (self.newer_client, self.bad_connections):
            part()
        return self.checks

    def clean_up(self):
        with self.connect() as client:
            for entry in client.scan(prefix=self.prefix, keys_only=True):
                client.delete(entry.key, durability=MEMORY)
            self.check(list(client.scan(prefix=self.prefix)) == [], "nothing is left behind")

    def session(self, client):
        server = client.server
        self.check(server.version == 1, "version 1 is chosen")
        self.check(server.agreed_features == 0, "no feature is agreed on that was not asked for")
        self.check(server.max_key_bytes > 0 and server.max_value_bytes > 0, "limits are announced")
        self.check(server.max_frame_bytes > server.pre_auth_frame_bytes, "the frame limit is raised")
        self.check(server.server_version != "", "the server names its version")
        self.check(client.ping(b"hello") == b"hello", "ping comes back")
        self.check(client.ping(b"x" * 100_000) == b"x" * 100_000, "a large ping comes back")
        self.check(client.ping(b"", flags=FENCE) == b"", "an empty ping behind a fence comes back")
        self.check(client.cancel(10 ** 15) is False, "cancelling nothing is no error")

    def points(self, client):
        one, two = self.key(b"one"), self.key(b"two")
        self.check(client.get(one) is None, "a missing key is not found")
        first = client.put(one, b"1")
        self.check(first.reached == DISK, "a put is durable by default")
        self.check(first.first_seqno == first.last_seqno > 0, "a put takes one seqno")
        found = client.get(one)
        self.check(found == Found(b"1", first.first_seqno, 0), "get returns value and seqno")
        self.check(client.put(one, b"").last_seqno > first.last_seqno, "seqnos grow")
        self.check(client.get(one).value == b"", "an empty value is a value")
        binary = bytes(range(256))
        client.put(self.key(binary), binary, durability=OS)
        self.check(client.get(self.key(binary)).value == binary, "keys and values are any bytes")
        large = os.urandom(3_000_000)
        client.put(two, large, durability=MEMORY)
        self.check(client.get(two).value == large, "a large value comes back")
        found = client.multi_get([two, self.key(b"none"), one, two])
        self.check([f and len(f.value) for f in found] == [len(large), None, 0, len(large)],
                   "multi_get answers in the order asked")
        self.check(client.multi_get([]) == [], "multi_get of nothing is nothing")
        self.check(client.delete(two).reached == DISK, "a delete is durable")
        self.check(client.get(two) is None, "a deleted key is not found")
        self.check(client.delete(two).last_seqno > 0, "deleting a missing key is fine")
        far = 4_000_000_000_000
        client.put(one, b"later", expiry_ms=far)
        self.check(client.get(one).expiry_ms == far, "an expiry comes back")
        client.put(one, b"gone", expiry_ms=1)
        self.check(client.get(one) is None, "an expired entry is not found")
        counter = self.key(b"counter")
        self.check(client.increment(counter, 5) == 5, "a missing counter counts as 0")
        self.check(client.increment(counter, -7) == -2, "a counter goes below 0")
        self.check(client.get(counter).value == b"-2", "a counter is decimal text")
        client.put(counter, str(2 ** 63 - 1).encode())
        self.refused(INVALID_ARGUMENT, lambda: client.increment(counter), "an overflow")
        client.put(counter, b"many")
        self.refused(INVALID_ARGUMENT, lambda: client.increment(counter), "adding to a word")
        self.check(client.get(counter).value == b"many", "a refused increment changes nothing")

    def batches(self, client):
        a, b, c = self.key(b"a"), self.key(b"b"), self.key(b"c")
        done = client.batch(Batch().require_absent(a).put(a, b"1").put(b, b"2", expiry_ms=4 * 10 ** 12)
                            .increment(c, 3).increment(c, 4))
        self.check(done.last_seqno - done.first_seqno == 3, "four operations take four seqnos")
        self.check(done.counters == [3, 7], "counters come back in order")
        self.check(client.get(a).seqno == done.first_seqno, "the first operation has the first seqno")
        error = self.refused(CONFLICT, lambda: client.batch(
            Batch().require_absent(a).put(c, b"no")), "a present key required absent")
        self.check(error.detail == done.first_seqno, "a conflict names the seqno that beat it")
        self.check(error.surely_not_applied and not error.in_doubt, "a conflict is not applied")
        self.check(client.get(c).value == b"7", "a refused batch changes nothing")
        for name, batch in (
                ("present", Batch().require_present(self.key(b"no"))),
                ("value", Batch().require_value(a, b"2")),
                ("seqno", Batch().require_seqno(a, done.first_seqno - 1)),
                ("not newer", Batch().require_not_newer(a, done.first_seqno - 1))):
            self.refused(CONFLICT, lambda batch=batch: client.batch(batch.delete(a)), name)
        self.check(client.get(a).value == b"1", "five refused deletes delete nothing")
        good = (Batch().require_present(a).require_value(a, b"1").require_seqno(a, done.first_seqno)
                .require_not_newer(a, done.last_seqno).require_absent(self.key(b"no")).delete(a))
        client.batch(good)
        self.check(client.get(a) is None, "a batch whose preconditions hold is applied")
        self.check(client.batch(Batch().require_absent(a)).counters == [], "preconditions alone")

    def scans(self, client):
        names = [b"scan:%04d" % number for number in range(300)]
        value = b"v" * 2000
        for start in range(0, len(names), 100):
            batch = Batch()
            for name in names[start:start + 100]:
                batch.put(self.key(name), value)
            client.batch(batch)
        keys = [self.key(name) for name in names]
        inside = self.key(b"scan:")
        found = list(client.scan(prefix=inside))
        self.check([e.key for e in found] == keys, "a scan is in key order and complete")
        self.check(all(e.value == value and e.seqno > 0 for e in found), "entries are whole")
        self.check([e.key for e in client.scan(prefix=inside, reverse=True)] == keys[::-1], "reverse")
        bare = list(client.scan(prefix=inside, keys_only=True))
        self.check([e.key for e in bare] == keys and not any(e.value for e in bare), "keys only")
        part = client.scan(lower=keys[10], upper=keys[20])
        self.check([e.key for e in part] == keys[10:20] and part.exhausted, "bounds")
        part = client.scan(prefix=inside, limit=7)
        self.check([e.key for e in part] == keys[:7] and not part.exhausted, "limit")
        self.check(list(client.scan(prefix=self.key(b"nothing"))) == [], "an empty range is empty")
        slow = client.scan(prefix=inside, credit_bytes=1)
        self.check([e.key for e in slow] == keys, "a scan goes on as credit is granted")
        self.check(slow.chunks > 3, "a scan comes in chunks")
        for reverse in (False, True):
            self.resume(client, inside, keys[::-1] if reverse else keys, reverse)
        count, exact = client.count(prefix=inside, exact=True)
        self.check(exact and count == len(keys), "an exact count is exact")
        self.check(isinstance(client.count(prefix=inside)[0], int), "an estimate is given")

    def resume(self, client, inside, keys, reverse):
        with self.connect() as other:
            first = other.scan(prefix=inside, reverse=reverse, credit_bytes=1)
            first.grants = False
            got = [e.key for e in next(first.chunks_of_entries())]
            self.check(got == keys[:len(got)] and 0 < len(got) < len(keys), "a scan waits for credit")
            self.check(other.ping(b"p") == b"p", "a parked scan blocks nobody")
            self.check(other.ping(b"q", flags=FENCE) == b"q", "not even a fence")
        rest = client.scan(prefix=inside, reverse=reverse, resume_token=first.token)
        self.check(got + [e.key for e in rest] == keys, "a token goes on, on another connection")
        damaged = bytes([first.token[0]]) + bytes([first.token[1] ^ 1]) + first.token[2:]
        self.refused(INVALID_ARGUMENT, lambda: list(
            client.scan(prefix=inside, reverse=reverse, resume_token=damaged)), "a damaged token")
        self.refused(INVALID_ARGUMENT, lambda: list(
            client.scan(prefix=inside, reverse=not reverse, resume_token=first.token)),
            "a token of the other direction")
        stopped = client.scan(prefix=inside, reverse=reverse, credit_bytes=1)
        stopped.grants = False
        next(stopped.chunks_of_entries())
        self.check(client.cancel(stopped.request_id), "an open scan can be cancelled")
        self.refused(CANCELLED, lambda: list(stopped), "a cancelled scan")

    def snapshots(self, client):
        key = self.key(b"seen")
        before = client.put(key, b"before")
        snapshot = client.snapshot_open(60_000)
        self.check(snapshot.id != 0 and snapshot.lease_ms > 0, "a snapshot has an id and a lease")
        self.check(snapshot.seqno >= before.last_seqno, "it sees what was written before")
        client.put(key, b"after")
        self.check(client.get(key).value == b"after", "the newest state moves on")
        self.check(client.get(key, snapshot.id).value == b"before", "the snapshot does not")
        self.check(client.multi_get([key], snapshot.id)[0].value == b"before", "nor for multi_get")
        self.check([e.value for e in client.scan(prefix=key, snapshot=snapshot.id)] == [b"before"],
                   "nor for a scan")
        with self.connect() as other:
            self.check(other.get(key, snapshot.id).value == b"before", "nor on another connection")
        self.check(client.snapshot_renew(snapshot.id, 60_000).id == snapshot.id, "a lease is renewed")
        self.check(client.snapshot_close(snapshot.id), "a snapshot is closed")
        self.check(not client.snapshot_close(snapshot.id), "once")
        self.refused(NOT_FOUND, lambda: client.get(key, snapshot.id), "a closed snapshot")
        self.refused(NOT_FOUND, lambda: client.snapshot_renew(snapshot.id), "its renewal")

    def store(self, client):
        written = client.put(self.key(b"durable"), b"yes")
        status = client.status(written.last_seqno)
        self.check(status.is_durable and status.durable_seqno >= written.last_seqno, "durable")
        self.check(status.published_seqno >= written.last_seqno, "and published")
        self.check(not client.status(2 ** 56 - 1).is_durable, "what was never written is not durable")
        stats = client.stats()
        self.check(len(stats) > 0 and list(stats) == sorted(stats), "statistics are sorted")
        some = next(iter(stats)).split(".")[0]
        self.check(all(name.startswith(some) for name in client.stats(some.encode())), "by prefix")

    def order(self, client):
        put = lambda key, value: struct.pack("<Q", 0) + byte_string(key) + byte_string(value)
        last = self.key(b"last")
        client.pipeline([(PUT, put(last, b"%d" % number)) for number in range(2000)])
        self.check(client.get(last).value == b"1999", "writes apply in the order sent")
        for number in range(100):
            client.send(PUT, put(self.key(b"quiet:%d" % number), b"q"), flags=QUIET)
        loud = client.send(PUT, put(b"", b"no key"), flags=QUIET)
        client.ping(b"", flags=FENCE)
        self.refused(INVALID_ARGUMENT, lambda: client.answer(loud), "a quiet put of an empty key")
        self.check(not client.waiting, "good quiet writes are not answered")
        self.check(client.count(prefix=self.key(b"quiet:"), exact=True)[0] == 100, "but applied")

    def bad_requests(self, client):
        limits = client.server
        self.refused(UNKNOWN_OPCODE, lambda: client.call(9999), "an unknown opcode")
        self.refused(UNSUPPORTED, lambda: client.call(DELETE_RANGE), "a reserved opcode")
        self.refused(MALFORMED, lambda: client.call(GET, b"\x00"), "a body that ends early")
        self.refused(MALFORMED, lambda: client.call(PING, byte_string(b"") + b"x"), "bytes left over")
        self.refused(MALFORMED, lambda: client.call(MULTI_GET, struct.pack("<QI", 0, 2 ** 32 - 1)),
                     "a list without its items")
        self.refused(MALFORMED, lambda: client.call(DELETE, b"\xff\xff\xff\xff"), "a length that lies")
        self.refused(INVALID_ARGUMENT, lambda: client.put(b"", b"x"), "an empty key")
        self.refused(TOO_LARGE, lambda: client.put(b"k" * (limits.max_key_bytes + 1), b""), "a long key")
        self.refused(INVALID_ARGUMENT, lambda: client.put(b"k", b"", durability=7), "durability 7")
        self.refused(INVALID_ARGUMENT, client.hello, "a second hello")
        self.check(client.ping(b"alive") == b"alive", "none of this ends the connection")

    def newer_client(self):
        with self.connect(hello=False) as client:
            self.check(client.hello(1, 9).version == 1, "a newer client stays at version 1")
            self.check(client.ping(b"old") == b"old", "and is served")
        with self.connect(hello=False) as client:
            error = self.refused(BAD_VERSION, lambda: client.hello(8, 9), "no version in common")
            self.check(error.fatal, "which is fatal")
            self.closed(client, "the server closes after it")

    def closed(self, client, claim):
        try:
            client.receive()
        except (ConnectionLost, ConnectionResetError):
            self.checks += 1
            return
        raise AssertionError(claim)

    def bad_connections(self):
        with self.connect(hello=False) as client:
            self.refused(HELLO_REQUIRED, lambda: client.get(b"k"), "a request before hello")
            self.closed(client, "the server closes after it")
        with self.connect(hello=False) as client:
            self.refused(FRAME_TOO_LARGE, lambda: client.ping(b"x" * 5000), "a large frame before hello")
        for damage, status, claim in ((4, BAD_FRAME, "a wrong magic"), (5, BAD_VERSION, "a wrong version"),
                                      (7, BAD_FRAME, "an unknown flag")):
            with self.connect() as client:
                frame = bytearray(HEADER.pack(4, REQUEST, VERSION, 0, PING, 0, 0, 77, 0) + bytes(4))
                frame[damage] ^= 0x80
                client.socket.sendall(frame)
                self.refused(status, lambda client=client: client.answer(77), claim)
                self.closed(client, "the server closes after it")


def main(arguments):
    if len(arguments) != 2 or arguments[1] != "selftest" or ":" not in arguments[0]:
        print("usage: kvd_client.py HOST:PORT selftest", file=sys.stderr)
        return 2
    host, _, port = arguments[0].rpartition(":")
    print("ok %d checks" % SelfTest(host.strip("[]"), int(port)).run())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
