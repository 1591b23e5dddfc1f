"""Random commands: right ones by the shape of each command, and wrong ones made out of them.

A shape is a line of words: lower case names a maker of Vocabulary or of Grammar, upper case is
itself. `x?` may be there, `x*` is there up to three times, `x+` once to four times.
One Grammar a run.
SPDX-License-Identifier: Apache-2.0
"""
import collections
import re

from resp.vocabulary import Vocabulary

# connection: which of those open; commands: sent in one go; inline: as people type them.
Step = collections.namedtuple("Step", "connection commands inline")

CONNECTIONS = 3
HELLO_3 = Step(2, ((b"HELLO", b"3"),), False)  # the third speaks RESP3 from the start

# To Redis keys whose time is up count, and take memory, until something comes across them.
EXPIRE_ALL = (b"SCAN", b"0", b"COUNT", b"10000")

# (weight, shape)
SHAPES = [(weight, line) for weight, lines in (
    (6, ("GET key", "SET key value", "SET key value set_option*", "DEL key+", "INCR key")),
    (3, ("MGET key+", "MSET pair+", "DECR key", "INCRBY key integer", "DECRBY key integer",
         "INCRBYFLOAT key float", "APPEND key value", "STRLEN key", "GETRANGE key index index",
         "SETRANGE key offset value", "EXPIRE key seconds expire_option*",
         "PEXPIRE key milliseconds expire_option*", "EXPIREAT key unix_s expire_option*",
         "PEXPIREAT key unix_ms expire_option*", "TTL key", "PTTL key", "EXPIRETIME key",
         "PEXPIRETIME key", "PERSIST key", "RENAME key key", "RENAMENX key key",
         "COPY key key copy_option*", "EXISTS key+", "GETEX key getex_option*", "GETDEL key",
         "GETSET key value", "KEYS pattern", "LCS key key lcs_option*")),
    (2, ("SETNX key value", "SETEX key seconds value", "PSETEX key milliseconds value",
         "MSETNX pair+", "SUBSTR key index index", "UNLINK key+", "TYPE key", "TOUCH key+",
         "SCAN 0 COUNT 10000", "SCAN 0 scan_option* COUNT 10000", "SCAN integer scan_option*",
         "DBSIZE", "RANDOMKEY", "SELECT database", "OBJECT ENCODING key", "MULTI", "WATCH key+",
         "UNWATCH")),
    (1, ("FLUSHDB flush_option?", "FLUSHALL flush_option?", "EXEC", "DISCARD", "PING",
         "PING message", "ECHO message", "HELLO hello_words", "CLIENT SETNAME name",
         "CLIENT GETNAME", "CLIENT ID", "CLIENT NO-EVICT on_off", "CLIENT junk",
         "OBJECT REFCOUNT key", "OBJECT IDLETIME key", "OBJECT FREQ key", "OBJECT junk key",
         "MEMORY USAGE key", "TIME", "LASTSAVE", "ROLE", "WAIT 0 0", "PUBLISH key message",
         "PUBSUB CHANNELS", "PUBSUB NUMSUB key*", "PUBSUB NUMPAT", "COMMAND COUNT",
         "COMMAND GETKEYS getkeys_words", "COMMAND GETKEYSANDFLAGS getkeys_words",
         "CONFIG GET pattern", "AUTH message",
         "AUTH DEFAULT message", "RESET", "SLOWLOG LEN", "SLOWLOG GET", "LATENCY LATEST", "CONFIG",
         "FUNCTION LIST", "FUNCTION FLUSH", "CONFIG RESETSTAT", "unknown junk*",
         "unknown value*")),
) for line in lines]
NEVER_EMPTY = b"x"


class Grammar:
    def __init__(self, random):
        self.random = random
        self.words = Vocabulary(random)
        self.shapes = [line for _, line in SHAPES]
        self.weights = [weight for weight, _ in SHAPES]
        self.in_transaction = [False] * CONNECTIONS

    # Makers that give several words, or need a keyword.
    def pair(self):
        return [self.words.key(), self.words.value()]

    def timed(self, *without):
        keyword, maker = self.random.choice((
            (b"EX", self.words.seconds), (b"PX", self.words.milliseconds),
            (b"EXAT", self.words.unix_s), (b"PXAT", self.words.unix_ms), *without))
        return [self.words.case(keyword), *([maker()] if maker else [])]

    def set_option(self):
        return self.timed(*((name, None) for name in (b"NX", b"XX", b"GET", b"KEEPTTL", b"GET")))

    def getex_option(self):
        return self.timed((b"PERSIST", None))

    def expire_option(self):
        return [self.words.case(self.words.pick((b"NX", b"XX", b"GT", b"LT")))]

    def copy_option(self):
        if self.random.random() < 0.5:
            return [self.words.case(b"REPLACE")]
        return [self.words.case(b"DB"), self.words.database()]

    def lcs_option(self):
        keyword = self.words.pick((b"LEN", b"IDX", b"IDX", b"MINMATCHLEN", b"WITHMATCHLEN"))
        more = [self.words.integer()] if keyword == b"MINMATCHLEN" else []
        return [self.words.case(keyword), *more]

    def scan_option(self):
        if self.random.random() < 0.6:
            return [self.words.case(b"MATCH"), self.words.pattern()]
        return [self.words.case(b"TYPE"), self.words.pick((b"string", b"STRING", b"list", b"zset"))]

    def flush_option(self):
        return [self.words.case(self.words.pick((b"SYNC", b"ASYNC", b"NEVER")))]

    def hello_words(self):
        return list(self.words.pick((
            (), (b"2",), (b"3",), (b"4",), (b"1",), (b"abc",), (b"3", b"SETNAME", b"me"),
            (b"2", b"SETNAME", b"not valid"), (b"3", b"AUTH", b"default", b"x"),
            (b"3", b"AUTH", b"x"), (b"2", b"AUTH", b"nobody", b"x"), (b"3", b"NONSENSE"))))

    def on_off(self):
        return [self.words.pick((b"ON", b"off", b"maybe"))]

    def name(self):
        return [self.words.pick((b"me", b"a b", b"", b"x\n", b"name-1", b"\xc3\xa9"))]

    def unknown(self):
        return [self.words.pick((b"NONSENSE", b"getx", b"g\x00et", b"\xff\xfe", b"x" * 200, b"it's",
                                 b"GET SET", b"object|encoding", b"set\r\n"))]

    def getkeys_words(self):
        return self.command()

    def fill(self, line):
        """The words of one shape."""
        out = []
        for token in line.split():
            name, repeat = re.fullmatch(r"(.*?)([?*+]?)", token).groups()
            count = {"?": self.random.randint(0, 1), "*": self.random.choice((0, 1, 1, 2, 3)),
                     "+": self.random.choice((1, 1, 2, 4)), "": 1}[repeat]
            if not name.islower():
                out.append(self.words.case(name.encode()) if not out else name.encode())
                continue
            maker = getattr(self, name, None) or getattr(self.words, name)
            for _ in range(count):
                made = maker()
                out += made if isinstance(made, list) else [made]
        return out

    def spoil(self, words):
        """One thing wrong with it, mostly. Empty words go, since they might become keys."""
        words = [part or NEVER_EMPTY for part in words]
        where = self.random.randint(1, len(words))
        choice = self.random.random()
        if choice < 0.35:
            return words[:max(1, where)] if where < len(words) else words[:-1] or words
        if choice < 0.65:
            return words[:where] + [self.words.junk()] + words[where:]
        if where < len(words):
            words[where] = self.words.junk()
        return words

    def command(self):
        words = self.fill(self.random.choices(self.shapes, self.weights)[0])
        return self.spoil(words) if self.random.random() < 0.12 else words

    def next_command(self, connection):
        """As `command`, but transactions come to an end."""
        if self.in_transaction[connection] and self.random.random() < 0.2:
            words = [self.words.pick((b"EXEC", b"EXEC", b"EXEC", b"DISCARD", b"RESET"))]
        else:
            words = self.command()
            while self.in_transaction[connection] and words[0].upper() in (b"HELLO", b"AUTH"):
                words = self.command()
        name = words[0].upper()
        if len(words) == 1 and name in (b"MULTI", b"EXEC", b"DISCARD", b"RESET"):
            self.in_transaction[connection] = name == b"MULTI"
        return tuple(words)

    def step(self):
        connection = self.random.randrange(CONNECTIONS)
        count = 1 if self.random.random() < 0.5 else self.random.randint(2, 12)
        commands = []
        for _ in range(count):
            words = self.next_command(connection)
            name = tuple(part.upper() for part in words[:2])
            if name[0] == b"DBSIZE" or name == (b"MEMORY", b"USAGE"):
                commands.append(EXPIRE_ALL)
            commands.append(words)
        return Step(connection, tuple(commands), self.random.random() < 0.15)


def inline(words):
    """A command as a line, with everything unusual quoted."""
    quoted = []
    for part in words:
        if re.fullmatch(rb"[\w:.+-]+", part):
            quoted.append(part)
        elif re.fullmatch(rb"[ -&(-\[\]-~]*", part):
            quoted.append(b"'" + part + b"'")
        else:
            quoted.append(b'"' + b"".join(b"\\x%02x" % byte for byte in part) + b'"')
    return b" ".join(quoted) + b"\r\n"
