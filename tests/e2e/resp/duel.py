"""The same commands to two servers, answer against answer, and at the end key against key.

A sequence is a list of grammar.Step, so it can be replayed; `shrink` does that to find a short one.
One thread a Duel. Both servers' data is lost.
SPDX-License-Identifier: Apache-2.0
"""
import time

import resp_client
from resp import answers, grammar
from resp.vocabulary import DATABASES

PATIENCE_S = 30
LOST = (OSError, ValueError)  # ValueError: what came is no reply


class Difference(AssertionError):
    """Where the two servers part: the step, the command and both answers."""

    def __init__(self, where, words, reference, subject):
        super().__init__(f"{where}: {show(words)}\n  reference: {reference[:1000]!r}\n"
                         f"  subject:   {subject[:1000]!r}")
        self.where, self.words = where, words


def show(words):
    """A command to read: odd words quoted, long ones cut."""
    def one(part):
        if len(part) > 100:
            return f"{part[:8]!r}...{len(part)} bytes"[1:]
        return part.decode("latin-1") if part.isalnum() else repr(part)[1:]
    return " ".join(map(one, words))


def tell(steps):
    """The steps as lines to read."""
    return "\n".join(f"  [{step.connection}{' inline' if step.inline else ''}] "
                     + " ; ".join(show(words) for words in step.commands) for step in steps)


class Channel:
    """One connection to each server, and what it has queued in MULTI."""

    def __init__(self, reference, subject):
        self.sides = [resp_client.Connection(address, timeout=PATIENCE_S)
                      for address in (reference, subject)]
        self.queued = []

    def close(self):
        for side in self.sides:
            side.close()

    def ask(self, commands, inline=False):
        """Both sides' raw replies, [(reference, subject), ...]; a lost connection is an answer."""
        data = b"".join(map(grammar.inline, commands)) if inline \
            else resp_client.encode_all(commands)
        for side in self.sides:
            try:
                side.send_bytes(data)
            except LOST:
                pass  # what it said before is still to be read
        replies = [[], []]
        for side, heard in zip(self.sides, replies):
            try:
                for _ in commands:
                    heard.append(side.read_raw())
            except LOST as error:
                heard += [f"<{error}>".encode()] * (len(commands) - len(heard))
        return list(zip(*replies))

    def compare(self, where, commands, inline=False):
        for words, (reference, subject) in zip(commands, self.ask(commands, inline)):
            self.judge(where, words, reference, subject)

    def judge(self, where, words, reference, subject):
        name = words[0].upper()
        if name == b"EXEC" and self.queued and reference[:1] in b"*":
            same = answers.same_transaction(self.queued, reference, subject)
        else:
            same = answers.same(words, reference, subject)
        if reference == b"+QUEUED\r\n":
            self.queued.append(words)
        elif len(words) == 1 and name in (b"EXEC", b"DISCARD", b"RESET"):
            self.queued = []
        if not same:
            raise Difference(where, words, reference, subject)


class Duel:
    def __init__(self, reference, subject):
        self.addresses = (reference, subject)
        self.channels = []

    def close(self):
        for channel in self.channels:
            channel.close()
        self.channels = []

    def begin(self):
        """Both servers empty, all connections new."""
        self.close()
        for address in self.addresses:
            with resp_client.Connection(address) as connection:
                connection.call("FLUSHALL")
        self.channels = [Channel(*self.addresses) for _ in range(grammar.CONNECTIONS)]

    def run(self, steps):
        """All steps, then all keys. Raises the first Difference, which tells its step's number."""
        self.begin()
        for number, step in enumerate(steps):
            self.channels[step.connection].compare(f"step {number}", step.commands, step.inline)
        self.compare_data()

    def compare_data(self):
        """Every database: the same keys, with the same values and times."""
        channel = Channel(*self.addresses)
        self.channels.append(channel)
        for database in range(DATABASES):
            where = f"at the end, database {database}"
            select = (b"SELECT", b"%d" % database)
            channel.compare(where, [select, grammar.EXPIRE_ALL, (b"DBSIZE",)])
            keys = [sorted(set(side.scan()[0])) for side in channel.sides]
            if keys[0] != keys[1]:
                raise Difference(where, (b"SCAN",), keys[0], keys[1])
            for key in keys[0]:
                channel.compare(where, [(name, key) for name in (
                    b"GET", b"STRLEN", b"TYPE", b"TTL", b"PEXPIRETIME", b"EXISTS")])
                channel.compare(where, [(b"OBJECT", b"ENCODING", key)])
            chosen = channel.sides[1].call("RANDOMKEY")
            if (chosen not in keys[0]) if keys[0] else (chosen is not None):
                raise Difference(where, (b"RANDOMKEY",), keys[0], [chosen])

    def differs(self, steps):
        """The Difference that these steps lead to, or None."""
        try:
            self.run(steps)
        except Difference as difference:
            return difference
        return None

    def shrink(self, steps, patience_s=60):
        """(fewer steps that still lead to a difference, that difference)."""
        deadline = time.monotonic() + patience_s
        single = [grammar.Step(step.connection, (words,), step.inline)
                  for step in steps for words in step.commands]
        found = self.differs(single)
        if found:
            steps = single
        else:  # only shows itself in a pipeline, or by chance
            found = self.differs(steps)
        if not found:
            return steps, None
        piece = max(len(steps) // 2, 1)
        while time.monotonic() < deadline:
            start = 0
            while start < len(steps) and time.monotonic() < deadline:
                fewer = steps[:start] + steps[start + piece:]
                again = self.differs(fewer)
                if again:
                    steps, found = fewer, again
                else:
                    start += piece
            if piece == 1:
                break
            piece = max(piece // 2, 1)
        return steps, found
