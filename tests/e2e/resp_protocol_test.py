"""Raw bytes to kvd and to a real Redis 7.0, each on a connection of its own: the same bytes come
back, and both close the connection or neither does. Inline commands, broken arrays, limits, HTTP.

Skips without a redis-server 7.0.
SPDX-License-Identifier: Apache-2.0
"""
import os
import time
import unittest

import resp_client
from resp import case, servers

PING = b"*1\r\n$4\r\nPING\r\n"
SET = b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n"
LONG = b"x" * 70_000
PIECES_PATIENCE_S = 20
LOOPS = 20  # of Redis's events, to take in 64 KiB and close

# All at once, so no stream reads a key that another writes.
STREAMS = {
    # Inline commands.
    "inline": b"PING\r\n",
    "inline, line feed alone": b"SET key1 value\nGET key1\n",
    "inline, spaces around": b"   GET    missing   \r\n",
    "inline, tabs": b"GET\tmissing\r\n",
    "inline, double quotes": b'SET key2 "a b\\x00\\n\\"c"\r\nGET key2\r\n',
    "inline, every escape": b'ECHO "\\n\\r\\t\\b\\a\\\\\\q\\x41\\xzz"\r\n',
    "inline, single quotes": b"ECHO 'it\\'s \\n'\r\n",
    "inline, empty quotes": b"SET key3 ''\r\nGET key3\r\nECHO \"\"\r\n",
    "inline, open quote": b'GET "key\r\n',
    "inline, open single quote": b"GET 'key\r\n",
    "inline, text behind a quote": b'GET "key"x\r\n',
    "inline, quote in a word": b'ECHO a"b"\r\n',
    "inline, binary": b"ECHO \x80\xff\r\n",
    "inline, zero byte": b"ECHO a\x00b\r\n",
    "inline, carriage return inside": b"ECHO a\rb\r\n",
    "inline, unknown": b"NONSENSE 'a b' c\r\n",
    "inline then array": b"PING\r\n" + PING + b"PING\r\n",
    "inline, not ended": b"PIN",
    "inline, too long without an end": LONG,
    "inline, too long with an end": b"ECHO " + LONG + b"\r\n",
    "empty lines": b"\r\n\r\n\n" + PING,
    "spaces alone": b"   \r\n" + PING,
    "letters of an array later": b"PING\r\n$4\r\nPING\r\n",
    # Arrays.
    "array": PING,
    "array in upper and lower case": b"*1\r\n$4\r\npInG\r\n",
    "pipeline": SET + PING * 3 + b"*2\r\n$6\r\nSTRLEN\r\n$7\r\nmissing\r\n",
    "array of none": b"*0\r\n" + PING,
    "array of minus one": b"*-1\r\n" + PING,
    "array of minus ten": b"*-10\r\n" + PING,
    "array, count with a plus": b"*+1\r\n$4\r\nPING\r\n",
    "array, count with a zero": b"*01\r\n$4\r\nPING\r\n",
    "array, count with a space": b"* 1\r\n$4\r\nPING\r\n",
    "array, no count": b"*\r\n",
    "array, count of letters": b"*abc\r\n",
    "array, huge count": b"*99999999999\r\n",
    "array, count beyond 64 bits": b"*99999999999999999999999\r\n",
    "array, count not ended": b"*1",
    "array, count without an end": b"*" + b"1" * 70_000,
    "array, line feed for the end": b"*1\n$4\nPING\n" + PING,
    "array, a number for a string": b"*1\r\n:4\r\nPING\r\n",
    "array, an inline inside": b"*1\r\nPING\r\n",
    "array, a string without length": b"*1\r\n$\r\nPING\r\n",
    "array, length of letters": b"*1\r\n$abc\r\nPING\r\n",
    "array, negative length": b"*1\r\n$-1\r\n" + PING,
    "array, length with a plus": b"*1\r\n$+4\r\nPING\r\n",
    "array, length with a zero": b"*1\r\n$04\r\nPING\r\n",
    "array, huge length": b"*1\r\n$536870913\r\n",
    "array, length beyond 64 bits": b"*1\r\n$99999999999999999999999\r\n",
    "array, length not ended": b"*1\r\n$4",
    "array, length without an end": b"*1\r\n$" + b"1" * 70_000,
    "array, string not ended": b"*1\r\n$4\r\nPI",
    "array, string longer than told": b"*1\r\n$4\r\nPINGPONG\r\n" + PING,
    "array, other bytes for a line end": b"*1\r\n$4\r\nPINGxy" + PING,
    "array, an empty name": b"*1\r\n$0\r\n\r\n",
    "array, second string broken": b"*2\r\n$3\r\nGET\r\n+key\r\n",
    "good, then broken": PING + b"*1\r\n:1\r\n" + PING,
    "good, then broken, in a transaction": b"MULTI\r\nSET key other\r\n*1\r\n:1\r\nEXEC\r\n",
    "zero byte": b"\x00\r\n" + PING,
    "RESP3 as a request": b"%1\r\n+a\r\n+b\r\n",
    # What a browser could be made to send.
    "HTTP GET": b"GET / HTTP/1.1\r\n\r\n",
    "HTTP POST": b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET key evil\r\n",
    "HTTP Host": b"Host: localhost\r\nSET key evil\r\n",
    "HTTP post in lower case": b"post / HTTP/1.1\r\nSET key evil\r\n",
    "HTTP POST as an array": b"*1\r\n$4\r\nPOST\r\nSET key evil\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\n" + PING,
    "quit in the middle": PING + b"QUIT\r\n" + SET,
}

# Answers that differ on purpose: what kvd does instead, as (bytes or None for anything, closed).
ON_PURPOSE = {
    # A zero byte in a line is a byte like any other; Redis does not see the line end behind it.
    "inline, zero byte": (b"$3\r\na\x00b\r\n+PONG\r\n", False),
    "zero byte": (None, False),
    # Refused by its length; Redis takes it when the line end arrives with the piece that exceeds.
    "inline, too long with an end": (b"-ERR Protocol error: too big inline request\r\n", True),
    "TLS hello": (None, False),
}

# What Redis says nothing to, because it waits for the rest: until "\r\n" and a PING are sent behind,
# or for ever. From every other stream it owes an answer, or the end, at both times.
WAITS_FOR_MORE = {"inline, not ended", "array, count not ended", "array, length not ended",
                  "array, string not ended"}
WAITS_FOR_EVER = {"inline, zero byte", "zero byte", "TLS hello"}


class Line:
    """One stream at one server: what came back, and whether it closed the connection."""

    def __init__(self, address, data):
        self.connection = resp_client.Connection(address)
        self.closed = False
        self.closed_at_once = None  # before the PING behind
        self.say(data)

    def say(self, data):
        try:
            self.connection.send_bytes(data)
        except resp_client.Closed:
            self.closed = True

    def listen(self, seconds, enough=None):
        """Until it is closed, `enough` bytes are there or the time is over."""
        deadline = time.monotonic() + seconds
        while not self.closed and time.monotonic() < deadline:
            if enough is not None and len(self.heard()) >= enough:
                return
            self.closed = self.connection.closes(0.05)

    def heard(self):
        return bytes(self.connection.unread)


class Streams(case.RespCase):
    def setUp(self):
        super().setUp()
        self.reference = servers.Redis(os.path.join(self.scratch, "redis"))
        self.daemons.append(self.reference)
        self.reference.start()
        self.subject = self.serve()

    def hear_reference(self, lines, waiting, heard_before):
        """Takes in all that the reference says by itself. Its one thread goes around all connections:
        after its answers, other requests in turn show that it has had its time to close them."""
        for name, (line, _) in lines.items():
            if name not in waiting:
                line.listen(resp_client.PATIENCE_S, heard_before.get(name, 0) + 1)
                self.assertTrue(line.closed or len(line.heard()) > heard_before.get(name, 0),
                                f"{name}: Redis does not answer, and it is not listed as waiting")
        with resp_client.Connection(self.reference.resp) as other:
            for _ in range(LOOPS):
                other.call("PING")
        for line, _ in lines.values():
            line.listen(0.02)

    def hear_subject(self, name, reference, subject, last):
        """As much as the reference said, or as it is to say instead, and its end."""
        heard, closed = reference.heard(), reference.closed
        if name in ON_PURPOSE and servers.is_kvd():
            heard, closed = ON_PURPOSE[name]
            heard = heard if heard and last else b""
        subject.listen(resp_client.PATIENCE_S, None if closed else len(heard))
        subject.listen(0.02)

    def outcomes(self, streams):
        """{name: [of the reference, of the subject]}, each (bytes, closed, closed before the PING
        that is sent behind)."""
        lines = {name: [Line(server.resp, data) for server in (self.reference, self.subject)]
                 for name, data in streams.items()}
        found, waiting, heard_before = {}, WAITS_FOR_MORE | WAITS_FOR_EVER, {}
        for last in (False, True):
            self.hear_reference(lines, waiting, heard_before)
            for name, pair in lines.items():
                self.hear_subject(name, *pair, last)
            if not last:  # does it still understand?
                heard_before = {name: len(pair[0].heard()) for name, pair in lines.items()}
                waiting = WAITS_FOR_EVER
                for pair in lines.values():
                    for line in pair:
                        line.closed_at_once = line.closed
                        if not line.closed:
                            line.say(b"\r\n" + PING)
        for name, pair in lines.items():
            found[name] = [(line.heard(), line.closed, line.closed_at_once) for line in pair]
            for line in pair:
                line.connection.close()
        return found

    def test_get_the_answers_of_redis(self):
        for name, (reference, subject) in self.outcomes(STREAMS).items():
            with self.subTest(name):
                if name in ON_PURPOSE and servers.is_kvd():
                    heard, closed = ON_PURPOSE[name]
                    self.assertIn(heard, (None, subject[0]))
                    self.assertEqual(subject[1], closed)
                else:
                    self.assertEqual(subject, reference, f"{name}: kvd, then Redis")

    def test_in_pieces_get_the_same_answers(self):
        streams = {name: data for name, data in STREAMS.items() if len(data) < 200}
        whole = self.outcomes(streams)
        for name, data in streams.items():
            heard, closed, at_once = whole[name][1]
            with self.subTest(name):
                line = Line(self.subject.resp, b"")
                for byte in data + (b"" if at_once else b"\r\n" + PING):
                    line.say(bytes([byte]))
                line.listen(PIECES_PATIENCE_S, None if closed else len(heard))
                self.assertEqual((line.heard(), line.closed), (heard, closed))
            line.connection.close()

    def test_more_arguments_than_redis_are_never_taken_for_fewer(self):
        """kvd takes 1,048,576 arguments, Redis more: refused or awaited, never half understood."""
        line = Line(self.subject.resp, b"*1048577\r\n$4\r\nPING\r\n")
        line.listen(1)
        self.assertIn(line.heard(), (b"", b"-ERR Protocol error: invalid multibulk length\r\n"))
        line.connection.close()

    def test_nothing_that_http_carried_was_done(self):
        self.outcomes({name: data for name, data in STREAMS.items() if name.startswith("HTTP")})
        self.assertIsNone(self.connect(self.subject).call("GET", "key"))


@unittest.skipUnless(servers.is_kvd(), "Redis takes them")
class Large(case.RespCase):
    def test_an_argument_beyond_the_limit_is_refused_and_the_connection_goes_on(self):
        connection = self.connect(self.serve())
        size = 100 << 20
        connection.send_bytes(b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$%d\r\n" % size)
        for _ in range(100):
            connection.send_bytes(b"v" * (1 << 20))
        connection.send_bytes(b"\r\n" + PING)
        answer = connection.read()
        self.assertIsInstance(answer, resp_client.Error)
        print(f"100 MiB: {answer}")
        self.assertEqual(connection.read(), b"PONG")
        self.assertIsNone(connection.call("GET", "key"))


if __name__ == "__main__":
    case.main(servers.why_no_reference())
