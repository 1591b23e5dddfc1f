#!/usr/bin/env python3
"""A small kvd client in the Python standard library, written from protocol/docs/wire_format.md.

One connection, one thread. Every method sends one request and waits for its answer; pipeline()
shows how to send many first. `kvd_client.py HOST:PORT selftest` runs it against a live server.

SPDX-License-Identifier: Apache-2.0
"""
import collections
import socket
import struct
import sys

REQUEST, RESPONSE, PUSH = 0xD7, 0xD8, 0xD9
VERSION = 1
MORE, COMPRESSED, CHECKED, QUIET, EXT, FENCE, IN_DOUBT = (1 << bit for bit in range(7))
MEMORY, OS, DISK = 0, 1, 2

HELLO, PING, CANCEL, GOAWAY = 1, 2, 3, 4
GET, MULTI_GET, SCAN, SCAN_CREDIT, COUNT, EXPLAIN = 16, 17, 18, 19, 20, 21
PUT, DELETE, BATCH, INCREMENT, DELETE_RANGE = 32, 33, 34, 35, 36
SNAPSHOT_OPEN, SNAPSHOT_RENEW, SNAPSHOT_CLOSE = 48, 49, 50
STATUS, STATS, KEYSPACES, KEYSPACE_CREATE, KEYSPACE_DROP, CHECKPOINT = 64, 65, 66, 67, 68, 69
WATCH = 80  # reserved
WRITES = (PUT, DELETE, BATCH, INCREMENT, DELETE_RANGE)

RETRYABLE, SURELY_NOT_APPLIED, IN_DOUBT_CLASS, FATAL = 0x8000, 0x4000, 0x2000, 0x1000
INVALID_ARGUMENT, MALFORMED, TOO_LARGE, CONFLICT, NOT_FOUND = 0x4001, 0x4002, 0x4003, 0x4004, 0x4005
UNSUPPORTED, UNKNOWN_OPCODE, CANCELLED, UNKNOWN_KEYSPACE = 0x4006, 0x4007, 0x400A, 0x4015
BAD_FRAME, BAD_VERSION, FRAME_TOO_LARGE, HELLO_REQUIRED = 0x5020, 0x5021, 0x5022, 0x5024

HEADER = struct.Struct("<IBBHHHIQQ")
SCAN_CREDIT_BYTES = 256 * 1024
FEATURE_RANGE_DELETES, FEATURE_KEYSPACES, TAG_KEYSPACE = 4, 8, 0x8002

Frame = collections.namedtuple("Frame", "magic flags opcode status server_us request_id body")
Entry = collections.namedtuple("Entry", "key value seqno expiry_ms")
Found = collections.namedtuple("Found", "value seqno expiry_ms")
Written = collections.namedtuple("Written", "first_seqno last_seqno reached counters")
Snapshot = collections.namedtuple("Snapshot", "id seqno lease_ms")
Durable = collections.namedtuple("Durable", "published_seqno durable_seqno is_durable")
Keyspace = collections.namedtuple("Keyspace", "id approximate_keys reads hits writes deletes")
Checkpoint = collections.namedtuple("Checkpoint", "path seqno tables table_bytes copied_tables log_bytes")
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
    def __init__(self, host, port, timeout=10.0, deadline_ms=5000, hello=True, keyspace=b"",
                 create=False, features=0):
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.deadline_ms = deadline_ms
        self.next_id = 1
        self.waiting = {}  # request id -> frames that came while another answer was awaited
        self.goaway = None
        self.server = None
        self.frame_limit = 4096
        if not hello:
            return
        try:
            self.hello(keyspace=keyspace, create=create, features=features)
        except Exception:
            self.close()
            raise

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

    def hello(self, min_version=1, max_version=1, name=b"kvd_client.py", user=b"", secret=b"",
              keyspace=b"", create=False, features=0):
        flags, extensions = 0, b""
        if keyspace:
            wish = struct.pack("<B", create) + byte_string(keyspace)
            features, flags = features | FEATURE_KEYSPACES, EXT
            extensions = byte_string(struct.pack("<HH", TAG_KEYSPACE, len(wish)) + wish)
        cursor = self.call(HELLO, extensions +
                           struct.pack("<BBQII", min_version, max_version, features, 0, 0) +
                           byte_string(name) + byte_string(user) + byte_string(secret), flags=flags)
        numbers = [cursor.number(form) for form in "BQQIIIIII"]
        version_text = cursor.bytes().decode()
        self.server = Hello(*numbers, version_text, *[cursor.number(form) for form in "QBQQ"])
        cursor.done()
        if keyspace and not self.server.agreed_features & FEATURE_KEYSPACES:
            raise ConnectionLost("the server is too old for keyspaces")
        self.frame_limit = self.server.max_frame_bytes
        return self.server

    def keyspaces(self, prefix=b""):
        """Those whose name starts with `prefix`, by name."""
        cursor = self.call(KEYSPACES, byte_string(prefix))
        found = {}
        for _ in range(cursor.number("I")):
            number, name = cursor.number("I"), cursor.bytes()
            found[name] = Keyspace(number, *[cursor.number("Q") for _ in range(5)])
        cursor.done()
        return found

    def create_keyspace(self, name):
        """Whether there was one of that name before."""
        return self._found(KEYSPACE_CREATE, byte_string(name))

    def drop_keyspace(self, name):
        return self._found(KEYSPACE_DROP, byte_string(name))

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

    def explain_get(self, key, snapshot=0):
        """How the server looks `key` up, as lines for a person."""
        return self._explain(struct.pack("<BQ", 0, snapshot) + byte_string(key) +
                             struct.pack("<Q", 0) + byte_string(b"") * 3)

    def explain_scan(self, lower=b"", upper=b"", prefix=b"", limit=0, snapshot=0):
        """The same of a walk over `limit` entries; 0: the server's own number."""
        return self._explain(struct.pack("<BQ", 1, snapshot) + byte_string(b"") +
                             struct.pack("<Q", limit) + byte_string(lower) + byte_string(upper) +
                             byte_string(prefix))

    def _explain(self, body):
        cursor = self.call(EXPLAIN, body)
        text = cursor.bytes().decode()
        cursor.done()
        return text

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

    def delete_range(self, lower=b"", upper=b"", prefix=b"", durability=DISK):
        """All keys of the range at once. Needs FEATURE_RANGE_DELETES, asked for in HELLO."""
        body = byte_string(lower) + byte_string(upper) + byte_string(prefix)
        return self.read_written(self.call(DELETE_RANGE, body, durability=durability))

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

    def checkpoint(self, name):
        """Copies the store on the server's machine: where, and what is in it."""
        cursor = self.call(CHECKPOINT, byte_string(name))
        made = Checkpoint(cursor.bytes().decode(), *[cursor.number("Q") for _ in range(5)])
        cursor.done()
        return made

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


def main(arguments):
    if len(arguments) != 2 or arguments[1] != "selftest" or ":" not in arguments[0]:
        print("usage: kvd_client.py HOST:PORT selftest", file=sys.stderr)
        return 2
    import kvd_selftest  # beside this file; not needed to use the client
    host, _, port = arguments[0].rpartition(":")
    print("ok %d checks" % kvd_selftest.SelfTest(host.strip("[]"), int(port)).run())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
