"""A writer's ledger: what it sent, what was acknowledged, and what the store may hold after a crash.

A Writer owns the keys below its prefix, so its own order decides what they hold: kvd applies one
connection's writes in the order sent and its log keeps that order. After a crash the store must
therefore hold everything up to the last acknowledged write and then some first part, possibly
empty, of what was sent after it: each write whole or not at all. A write that was refused, as when
flush and compaction lag behind, drops out of that order; those behind it may have been applied.
What a write does is therefore worked out when its answer comes, not when it is sent. Counters
shared between writers are kept in Tally. One thread a Writer; a Tally is shared.
SPDX-License-Identifier: Apache-2.0
"""
import collections
import os
import struct
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "client", "examples"))
import kvd_client as wire  # noqa: E402  (the path above comes first)
import kvd_selftest  # noqa: E402, F401  (for the tests of this folder)

# effect: key -> new value, None for a deletion, an int for an increment by it. guard: a key that must
# be absent, or None. tallied: the shared counter that it increments, or None.
Sent = collections.namedtuple("Sent", "request_id effect guard tallied")
LOST = (wire.ConnectionLost, OSError)


def connect(address):
    host, port = address.rsplit(":", 1)
    return wire.Client(host, int(port), timeout=120, deadline_ms=100_000)


def is_refusal(status):
    """A write with this answer was not begun, and may succeed when it is sent again."""
    return bool(status & wire.RETRYABLE and status & wire.SURELY_NOT_APPLIED)


class Tally:
    """Counters that all writers increment by one: acknowledged, and sent without an answer."""

    def __init__(self, names):
        self.lock = threading.Lock()
        self.acknowledged = {name: 0 for name in names}
        self.in_doubt = {name: 0 for name in names}

    def count(self, name, answered):
        with self.lock:
            (self.acknowledged if answered else self.in_doubt)[name] += 1

    def check(self, client):
        """Compares with the store and takes over what it holds. Returns complaints."""
        wrong = []
        for name, low in self.acknowledged.items():
            found = client.get(name)
            value = int(found.value) if found else 0
            if not low <= value <= low + self.in_doubt[name]:
                wrong.append(f"{name}: {value}; acknowledged {low}, in doubt {self.in_doubt[name]}")
            self.acknowledged[name], self.in_doubt[name] = value, 0
        return wrong


class Writer:
    def __init__(self, prefix, rng, tally, keys=120, depth=16):
        self.prefix, self.random, self.tally = prefix, rng, tally
        self.keys, self.depth = keys, depth
        self.base = {}  # what the store holds as of the last acknowledged write
        self.sent = collections.deque()  # after base, in order
        self.serial = self.acknowledged = self.refused = 0
        self.problem = None

    def key(self):
        return self.prefix + b"key%04d" % self.random.randrange(self.keys)

    def value(self):
        self.serial += 1
        size = self.random.choice((0, 20, 200, 2000)) if self.random.random() < 0.99 else 100_000
        return b"%d-" % self.serial + b"x" * size

    def connect(self, address):
        return connect(address)

    def run(self, address):
        """Writes until the connection is lost."""
        try:
            client = self.connect(address)
        except (*LOST, wire.KvdError):
            return
        with client:
            try:
                while True:
                    while len(self.sent) < self.depth:
                        self.send_one(client)
                    for _ in range(self.random.randint(1, self.depth)):
                        self.receive_one(client)
            except LOST:
                self.drop_refused(client)
            except (wire.KvdError, AssertionError) as error:
                self.problem = f"{self.prefix}: {error}"

    def send_one(self, client):
        """Any one write; notes it before the bytes leave, since from then on it may be applied."""
        choice, guard, tallied, effect = self.random.random(), None, None, {}
        if choice < 0.45:
            key, value = self.key(), self.value()
            effect[key] = value
            opcode = wire.PUT
            body = struct.pack("<Q", 0) + wire.byte_string(key) + wire.byte_string(value)
        elif choice < 0.6:
            key = self.key()
            effect[key] = None
            opcode, body = wire.DELETE, wire.byte_string(key)
        elif choice < 0.7:
            key = self.prefix + b"counter"
            effect[key] = 3
            opcode, body = wire.INCREMENT, struct.pack("<q", 3) + wire.byte_string(key)
        elif choice < 0.8:
            tallied = self.random.choice(list(self.tally.acknowledged))
            opcode, body = wire.INCREMENT, struct.pack("<q", 1) + wire.byte_string(tallied)
        else:
            effect, guard, body = self.make_batch()
            opcode = wire.BATCH
        request_id, client.next_id = client.next_id, client.next_id + 1
        self.sent.append(Sent(request_id, effect, guard, tallied))
        client.send(opcode, body, request_id=request_id)

    def make_batch(self):
        """(effect, guard, body): a few keys that only change together."""
        batch, effect, guard = wire.Batch(), {}, None
        for _ in range(self.random.randint(1, 12)):
            key = self.key()
            if self.random.random() < 0.8:
                effect[key] = self.value()
                batch.put(key, effect[key])
            else:
                effect[key] = None
                batch.delete(key)
        if self.random.random() < 0.3:
            guard = self.key()
            batch.require_absent(guard)
        return effect, guard, batch.encode()

    @staticmethod
    def apply(state, write):
        """Does to `state` what kvd does when it takes `write`. False: its precondition fails."""
        if write.guard in state:
            return False
        for key, change in write.effect.items():
            if change is None:
                state.pop(key, None)
            elif isinstance(change, int):
                state[key] = b"%d" % (int(state.get(key, b"0")) + change)
            else:
                state[key] = change
        return True

    def receive_one(self, client):
        """Takes the answer to the oldest write that waits for one."""
        if not self.sent:
            return
        write = self.sent[0]
        try:
            client.answer(write.request_id)
            conflict = False
        except wire.KvdError as error:
            if is_refusal(error.status):  # too much to do, or shutting down
                self.sent.popleft()
                self.refused += 1
                return
            if error.status != wire.CONFLICT:
                raise
            conflict = True
        self.sent.popleft()
        applied = self.apply(self.base, write)
        assert applied != conflict, f"request {write.request_id}: conflict is {conflict}"
        self.acknowledged += 1
        if write.tallied:
            self.tally.count(write.tallied, answered=True)

    def drop_refused(self, client):
        """Takes out what was refused by answers that came before those waited for."""
        refused = {request_id for request_id, frames in client.waiting.items()
                   if any(is_refusal(frame.status) for frame in frames)}
        self.sent = collections.deque(w for w in self.sent if w.request_id not in refused)
        self.refused += len(refused)

    def check(self, client):
        """Compares with the store after a restart and takes over what it holds: a complaint or None."""
        found = {entry.key: entry.value for entry in client.scan(prefix=self.prefix)}
        for write in self.sent:
            if write.tallied:
                self.tally.count(write.tallied, answered=False)
        expected, matches, closest = dict(self.base), found == self.base, None
        closest = self.difference(expected, found)
        for write in self.sent:
            if matches:
                break
            self.apply(expected, write)
            matches = expected == found
            closest = min(closest, self.difference(expected, found), key=len)
        doubtful = len(self.sent)
        self.sent.clear()
        self.base = dict(found)
        if matches:
            return None
        return (f"{self.prefix}: no first part of the {doubtful} unanswered writes explains what is "
                f"there; closest difference: {closest[:5]}")

    @staticmethod
    def difference(expected, found):
        return [(key, (expected.get(key) or b"absent")[:20], (found.get(key) or b"absent")[:20])
                for key in sorted(expected.keys() | found.keys())
                if expected.get(key) != found.get(key)]
