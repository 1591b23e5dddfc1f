"""A RESP2 and RESP3 client on a socket: what a test says and hears, byte for byte.

Written from the protocol's description, so that it checks the server and not a library. Replies are
kept raw; `value_of` tells what one means, `parts_of` takes an aggregate apart. One thread a
Connection. Nothing in here knows which server it talks to.
SPDX-License-Identifier: Apache-2.0
"""
import select
import socket
import time

PATIENCE_S = 120


class Error(Exception):
    """An error reply; `text` is all of it, such as b"ERR syntax error"."""

    def __init__(self, text):
        super().__init__(text.decode(errors="replace"))
        self.text = text

    def __eq__(self, other):
        return isinstance(other, Error) and other.text == self.text

    __hash__ = Exception.__hash__


class Simple(bytes):
    """A simple string (+OK), told from a bulk string."""


class Map(list):
    """A RESP3 map as [(key, value), ...]: the order is part of an answer."""


class Set(list):
    """A RESP3 set."""


class Push(list):
    """A RESP3 message that answers nothing."""


class Incomplete(Exception):
    """The bytes end before the reply does."""


class Closed(ConnectionError):
    """The server closed the connection."""


def word(value):
    """`value` as the bytes of an argument."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (int, float)):
        return str(value).encode()
    return bytes(value)


def encode(*words):
    """A request as an array of bulk strings."""
    out = [b"*%d\r\n" % len(words)]
    for item in map(word, words):
        out.append(b"$%d\r\n%b\r\n" % (len(item), item))
    return b"".join(out)


def encode_all(commands):
    return b"".join(encode(*command) for command in commands)


def line_at(data, start):
    end = data.find(b"\r\n", start)
    if end < 0:
        raise Incomplete
    return data[start:end], end + 2


AGGREGATES = {b"*": list, b"~": Set, b">": Push, b"%": Map}
LINES = {b"+": Simple, b"-": Error, b":": int, b"(": int, b",": float,
         b"#": lambda text: text == b"t", b"_": lambda text: None}


def parse(data, start=0):
    """(value, end) of the reply that begins at `start`. Incomplete, or ValueError for no reply."""
    kind = bytes(data[start:start + 1])
    text, end = line_at(data, start + 1)
    if kind in LINES:
        return LINES[kind](bytes(text)), end
    size = int(text)
    if size < 0:
        return None, end
    if kind in (b"$", b"=", b"!"):
        if len(data) < end + size + 2:
            raise Incomplete
        body = bytes(data[end:end + size])
        if data[end + size:end + size + 2] != b"\r\n":
            raise ValueError(f"no line end behind a string of {size} bytes")
        return (Error(body) if kind == b"!" else body[4:] if kind == b"=" else body), end + size + 2
    if kind not in AGGREGATES:
        raise ValueError(f"no reply begins with {bytes(data[start:start + 40])!r}")
    items = []
    for _ in range(size * 2 if kind == b"%" else size):
        item, end = parse(data, end)
        items.append(item)
    if kind == b"%":
        return Map(zip(items[::2], items[1::2])), end
    return AGGREGATES[kind](items), end


def value_of(raw):
    """What a whole raw reply means; an error reply as an Error object."""
    value, end = parse(raw)
    if end != len(raw):
        raise ValueError(f"{len(raw) - end} bytes behind the reply: {raw[end:end + 40]!r}")
    return value


def parts_of(raw):
    """(header line, raw elements) of an aggregate; (all of it, []) of anything else."""
    if raw[:1] not in AGGREGATES:
        return raw, []
    text, start = line_at(raw, 1)
    parts = []
    for _ in range(max(int(text), 0) * (2 if raw[:1] == b"%" else 1)):
        _, end = parse(raw, start)
        parts.append(raw[start:end])
        start = end
    return raw[:raw.index(b"\r\n") + 2], parts


class Connection:
    def __init__(self, address, timeout=PATIENCE_S):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = bytearray()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send_bytes(self, data):
        """Sends it all, taking in answers meanwhile so that neither side waits for ever."""
        view = memoryview(data)
        poll = select.poll()  # select() takes no descriptor above 1023
        poll.register(self.socket, select.POLLIN | select.POLLOUT)
        while len(view) > 0:
            ready = poll.poll(self.socket.gettimeout() * 1000)
            if not ready:
                raise TimeoutError("the server neither reads nor answers")
            events = ready[0][1]
            if events & ~select.POLLOUT:  # an error or the end shows itself to a reader
                self.receive()
            if events & select.POLLOUT:
                try:
                    view = view[self.socket.send(view[:1 << 16]):]
                except (BrokenPipeError, ConnectionResetError) as error:
                    raise Closed("closed while sending") from error

    def receive(self):
        """Takes in what has arrived, waiting for something. Closed at the end of the stream."""
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError as error:
            raise Closed("reset by the server") from error
        if not data:
            raise Closed(f"closed by the server; unread: {bytes(self.unread[:200])!r}")
        self.unread += data

    def read_raw(self):
        """The next reply as it came."""
        while True:
            try:
                _, end = parse(self.unread)
            except Incomplete:
                self.receive()
                continue
            raw = bytes(self.unread[:end])
            del self.unread[:end]
            return raw

    def read(self):
        return value_of(self.read_raw())

    def send(self, *words):
        self.send_bytes(encode(*words))

    def pipeline(self, commands):
        """The raw replies to commands that are sent in one go."""
        self.send_bytes(encode_all(commands))
        return [self.read_raw() for _ in commands]

    def call_raw(self, *words):
        self.send(*words)
        return self.read_raw()

    def call(self, *words):
        """The reply's value; an error reply is raised."""
        value = value_of(self.call_raw(*words))
        if isinstance(value, Error):
            raise value
        return value

    def scan(self, *options):
        """All keys of a whole SCAN iteration, with repetitions; and the number of calls."""
        cursor, keys, calls = b"0", [], 0
        while True:
            cursor, some = self.call("SCAN", cursor, *options)
            keys += some
            calls += 1
            if cursor == b"0":
                return keys, calls

    def closes(self, patience_s=PATIENCE_S):
        """Whether the server closes the connection before the patience ends; keeps what it said."""
        deadline = time.monotonic() + patience_s
        before = self.socket.gettimeout()
        try:
            while True:
                self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
                self.receive()
        except Closed:
            return True
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(before)
