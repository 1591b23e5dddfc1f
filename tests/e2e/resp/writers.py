"""The ledger's writer (ledger.py) speaking RESP: SET, APPEND, INCRBY, MSET, MULTI in pipelines.

The same rule holds: a connection's writes apply in the order sent, each whole or not at all, an
MSET or an EXEC with all its keys. A transaction is acknowledged by EXEC's answer alone.
One thread a Writer.
SPDX-License-Identifier: Apache-2.0
"""
import collections
import types

import ledger
import resp_client

Entry = collections.namedtuple("Entry", "key value")
# What kvd answers to a write it has not begun and may take later.
REFUSALS = (b"BUSY", b"OVERLOADED", b"TRYAGAIN", b"LOADING", b"OOM")


class Append(bytes):
    """An effect: these bytes behind what is there."""


class Store:
    """What the ledger asks after a restart."""

    def __init__(self, address):
        self.connection = resp_client.Connection(address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def scan(self, prefix):
        keys = sorted(set(self.connection.scan("MATCH", prefix + b"*", "COUNT", "1000")[0]))
        values = self.connection.call("MGET", *keys) if keys else []
        return [Entry(*pair) for pair in zip(keys, values)]

    def get(self, key):
        value = self.connection.call("GET", key)
        return None if value is None else types.SimpleNamespace(value=value)


class Writer(ledger.Writer):
    def connect(self, address):
        return resp_client.Connection(address)

    def change(self):
        """Any one change: (effect, shared counter or None, command)."""
        choice, key = self.random.random(), self.key()
        if choice < 0.45:
            value = self.value()
            return {key: value}, None, (b"SET", key, value)
        if choice < 0.6:
            return {key: None}, None, (self.random.choice((b"DEL", b"UNLINK", b"GETDEL")), key)
        if choice < 0.7:
            self.serial += 1
            return {key: Append(b"+%d" % self.serial)}, None, (b"APPEND", key, b"+%d" % self.serial)
        if choice < 0.85:
            counter = self.prefix + b"counter"
            return {counter: 3}, None, (b"INCRBY", counter, b"3")
        shared = self.random.choice(list(self.tally.acknowledged))
        return {}, shared, (b"INCR", shared)

    def send_one(self, client):
        """Any one write; notes it before the bytes leave, since from then on it may be applied.
        `request_id` is the number of replies to it."""
        choice, guard, tallied = self.random.random(), None, None
        if choice < 0.6:
            effect, tallied, command = self.change()
            commands = [command]
        elif choice < 0.65:
            guard, value = self.key(), self.value()
            effect, commands = {guard: value}, [(b"SET", guard, value, b"NX")]
        elif choice < 0.8:
            effect = {self.key(): self.value() for _ in range(self.random.randint(1, 12))}
            commands = [(b"MSET", *(part for pair in effect.items() for part in pair))]
        else:
            effect, commands = self.transaction()
        self.sent.append(ledger.Sent(len(commands), effect, guard, tallied))
        client.send_bytes(resp_client.encode_all(commands))

    def transaction(self):
        """(effect, commands) of a MULTI over keys of its own, each changed once."""
        effect, commands = {}, [(b"MULTI",)]
        for _ in range(self.random.randint(1, 8)):
            more, shared, command = self.change()
            if shared or effect.keys() & more.keys():
                continue
            effect.update(more)
            commands.append(command)
        return effect, commands + [(b"EXEC",)]

    @staticmethod
    def apply(state, write):
        appended = {key: state.get(key, b"") + change for key, change in write.effect.items()
                    if isinstance(change, Append)}
        return ledger.Writer.apply(state, write._replace(effect={**write.effect, **appended}))

    def receive_one(self, client):
        """Takes the answers to the oldest write that waits for them."""
        if not self.sent:
            return
        write = self.sent[0]
        answer = [client.read() for _ in range(write.request_id)][-1]
        if isinstance(answer, resp_client.Error):
            assert answer.text.startswith(REFUSALS), f"{answer} to {list(write.effect)[:5]}"
            self.sent.popleft()
            self.refused += 1
            return
        conflict = write.guard is not None and answer is None
        self.sent.popleft()
        applied = self.apply(self.base, write)
        assert applied != conflict, f"SET NX of {write.guard}: conflict is {conflict}"
        self.check_answer(write, answer)
        self.acknowledged += 1
        if write.tallied:
            self.tally.count(write.tallied, answered=True)

    def check_answer(self, write, answer):
        """A counter's answer is its value; a transaction answers each of its commands."""
        counter = self.prefix + b"counter"
        if write.request_id > 1:
            assert isinstance(answer, list) and len(answer) == write.request_id - 2, answer
            assert not any(isinstance(part, resp_client.Error) for part in answer), answer
        elif counter in write.effect:
            assert answer == int(self.base[counter]), (answer, self.base[counter])

    def drop_refused(self, client):
        """Takes the whole answers that came before the connection was lost."""
        try:
            while self.sent:
                self.receive_one(client)
        except ledger.LOST:
            pass
        except AssertionError as error:
            self.problem = f"{self.prefix}: {error}"
