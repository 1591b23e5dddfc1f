"""The self-test of kvd_client.py: operations with assertions against a live server.

Run as `kvd_client.py HOST:PORT selftest`. It leaves nothing behind.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import os
import struct

from kvd_client import (BAD_FRAME, BAD_VERSION, CANCELLED, CONFLICT, DELETE, DISK,
                        FEATURE_RANGE_DELETES, FENCE, FRAME_TOO_LARGE, GET, HEADER, HELLO_REQUIRED,
                        INVALID_ARGUMENT, MALFORMED, MEMORY, MULTI_GET, NOT_FOUND, OS, PING,
                        PUT, QUIET, REQUEST, TOO_LARGE, UNKNOWN_KEYSPACE, UNKNOWN_OPCODE,
                        UNSUPPORTED, VERSION, WATCH,
                        Batch, Client, ConnectionLost, Found, KvdError, byte_string)


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
        for part in (self.keyspaces, self.range_deletes, self.newer_client, self.bad_connections):
            part()
        return self.checks

    def keyspaces(self):
        name = b"selftest-" + os.urandom(8).hex().encode()
        self.refused(UNKNOWN_KEYSPACE, lambda: Client(self.host, self.port, keyspace=name),
                     "a keyspace that is not there")
        self.refused(INVALID_ARGUMENT, lambda: Client(self.host, self.port, keyspace=b"a b"),
                     "a name with a blank")
        with self.connect() as client, self.connect(keyspace=name, create=True) as inside:
            try:
                self.check(inside.server.max_key_bytes == client.server.max_key_bytes - 6,
                           "keys of a keyspace are shorter")
                inside.put(self.key(b"k"), b"1")
                inside.put(b"\xff", b"2")
                self.check(client.get(self.key(b"k")) is None, "other keyspaces do not see a key")
                self.check(inside.get(self.key(b"k")).value == b"1", "its own keyspace does")
                self.check([entry.key for entry in inside.scan()] == [self.key(b"k"), b"\xff"],
                           "a scan shows keys as they were sent, and no others")
                self.check(client.create_keyspace(name) is True, "it was there")
                listed = client.keyspaces(prefix=name)[name]
                self.check((listed.writes, listed.hits, listed.reads) == (2, 3, 3), "uses are counted")
            finally:
                self.check(client.drop_keyspace(name) is True, "a keyspace is dropped")
            self.check(client.drop_keyspace(name) is False, "and then it is not there")
            self.refused(UNKNOWN_KEYSPACE, lambda: inside.get(b"k"), "a read in a dropped keyspace")

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
        self.check(client.explain_get(keys[0]).startswith("live, "), "a get is explained")
        self.check(client.explain_get(inside).startswith("absent"), "so is one that finds nothing")
        self.check(client.explain_scan(prefix=inside).startswith("%d entries, " % len(keys)),
                   "a walk is explained")

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
        for name in (b"", b"..", b"a/b", b".hidden", b"-v", b"a b"):
            self.refused(INVALID_ARGUMENT, lambda name=name: client.checkpoint(name),
                         "a checkpoint needs a name")

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
        self.refused(UNSUPPORTED, lambda: client.call(WATCH), "a reserved opcode")
        self.refused(UNSUPPORTED, client.delete_range, "what HELLO did not agree on")
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

    def range_deletes(self):
        with self.connect(features=FEATURE_RANGE_DELETES) as client:
            keys = [self.key(b"range:%d" % number) for number in range(5)]
            for key in keys:
                client.put(key, b"r", durability=MEMORY)
            deleted = client.delete_range(lower=keys[1], prefix=self.key(b"range:"))
            self.check(deleted.reached == DISK, "a range delete is durable")
            self.check(client.multi_get(keys)[0] is not None, "what lies before it stays")
            self.check(client.multi_get(keys)[1:] == [None] * 4, "what lies in it goes")
            client.delete(keys[0], durability=MEMORY)

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
