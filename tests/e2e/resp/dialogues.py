"""Written dialogues, held with two servers: what random commands cannot say, since replies go to
others, come late or not at all.

A line is `CONNECTION WORDS`, with shell quoting; `{id1}` and `{address1}` are what connection 1 is
called by the server. `0!2 WORDS` awaits two replies, `0!2` alone two more; `0!close WORDS` awaits
the end of the connection; `gone KEY` waits until KEY has expired. One thread a Stage.
SPDX-License-Identifier: Apache-2.0
"""
import re
import shlex

import daemon
from resp import duel

BOTH, ONLY_2, ONLY_3 = (2, 3), (2,), (3,)

# name: (versions of the protocol, lines)
DIALOGUES = {
    "watch conflict": (BOTH, r"""
        0 SET a 1
        0 WATCH a b
        1 APPEND a 2
        0 MULTI
        0 SET a mine
        0 GET a
        0 EXEC
        0 GET a
        0 MULTI
        0 GET a
        0 EXEC"""),
    "watch without a conflict": (BOTH, r"""
        0 SET a 1
        0 WATCH a
        1 SET b 1
        1 GET a
        0 MULTI
        0 INCR a
        0 EXEC
        0 WATCH a
        1 SET a 5
        0 UNWATCH
        0 MULTI
        0 INCR a
        0 EXEC"""),
    "a watched key that comes, goes or is flushed": (BOTH, r"""
        0 WATCH missing
        1 SETNX missing 1
        0 MULTI
        0 PING
        0 EXEC
        0 WATCH missing
        1 DEL missing
        0 MULTI
        0 PING
        0 EXEC
        1 SET a 1
        0 WATCH a
        1 FLUSHALL
        0 MULTI
        0 PING
        0 EXEC
        0 WATCH a
        1 FLUSHALL
        0 MULTI
        0 PING
        0 EXEC"""),
    "watch is by database": (BOTH, r"""
        0 WATCH a
        1 SELECT 1
        1 SET a 1
        0 MULTI
        0 PING
        0 EXEC
        0 WATCH a
        1 COPY a a DB 0
        0 MULTI
        0 PING
        0 EXEC"""),
    "a client's own write counts against its watch": (BOTH, r"""
        0 WATCH a
        0 SET a 1
        0 MULTI
        0 GET a
        0 EXEC"""),
    "a changed time counts against a watch": (BOTH, r"""
        0 SET a 1
        0 WATCH a
        1 EXPIRE a 5000
        0 MULTI
        0 PING
        0 EXEC
        0 WATCH a
        1 PERSIST a
        0 MULTI
        0 PING
        0 EXEC"""),
    "errors inside a transaction": (BOTH, r"""
        0 SET text abc
        0 MULTI
        0 SET a 1
        0 INCR text
        0 SET b 2
        0 EXEC
        0 MGET a b
        0 MULTI
        0 SET a 2
        0 NONSENSE
        0 SET b 3
        0 EXEC
        0 MGET a b
        0 MULTI
        0 GET
        0 EXEC
        0 MULTI
        0 MULTI
        0 WATCH a
        0 SET a 9
        0 EXEC
        0 EXEC
        0 DISCARD
        0 EXEC x"""),
    "a transaction that is left": (BOTH, r"""
        0 MULTI
        0 SET a 1
        0 DISCARD
        0 GET a
        0 MULTI
        0 SET a 1
        0 RESET
        0 GET a
        0 MULTI
        0 EXEC
        0 MULTI
        0 SELECT 2
        0 SET here 1
        0 EXEC
        0 KEYS *
        0 SELECT 0
        0 KEYS *"""),
    "nobody sees half of a transaction": (BOTH, r"""
        0 MULTI
        0 SET a 1
        1 GET a
        0 SET b 1
        0 EXEC
        1 MGET a b"""),
    "expiry": (BOTH, r"""
        0 SET short 1 PX 40
        0 SET a 1
        0 PEXPIRE a 40
        0 SETEX long 5000 1
        gone short
        gone a
        0 GET short
        0 TTL short
        0 PERSIST short
        0 EXISTS short a long
        0 MGET short a long
        0 KEYS *
        0 INCR short
        0 TTL short
        0 SETNX a 2
        0 TTL a
        0 RENAME long a
        0 TTL a
        0 SET a 3 KEEPTTL
        0 TTL a
        0 SET a 4
        0 TTL a"""),
    "replies off": (BOTH, r"""
        0!0 CLIENT REPLY OFF
        0!0 SET a 1
        0!0 NONSENSE
        0!1 CLIENT REPLY ON
        0 GET a
        0!0 CLIENT REPLY OFF
        0!0 CLIENT REPLY SKIP
        0!0 GET a
        0!0 GET a
        0!1 CLIENT REPLY ON
        0!0 CLIENT REPLY SKIP
        0!0 SET a 2
        0 GET a
        0 CLIENT REPLY MAYBE"""),
    "subscribers": (BOTH, r"""
        0!2 SUBSCRIBE news other
        1 PUBLISH news hello
        0!1
        1 PUBLISH nothing hello
        0!2 PSUBSCRIBE n* "n[ae]ws"
        1 PUBLISH news again
        0!3
        1 PUBSUB CHANNELS
        1 PUBSUB CHANNELS n*
        1 PUBSUB NUMSUB news other nothing
        1 PUBSUB NUMPAT
        0!1 UNSUBSCRIBE news
        1 PUBLISH news more
        0!2
        0!1 PUNSUBSCRIBE n*
        0!1 PUNSUBSCRIBE
        0!1 UNSUBSCRIBE
        0!1 UNSUBSCRIBE
        0!1 PUNSUBSCRIBE
        0!1 UNSUBSCRIBE never
        1 PUBLISH news gone
        0 GET a"""),
    "what a subscriber may say": (ONLY_2, r"""
        0!1 SUBSCRIBE news
        0 GET a
        0 PING
        0 PING hello
        0 SET a 1
        0 MULTI
        0 NONSENSE
        0!1 RESET
        0 GET a
        1 PUBSUB CHANNELS"""),
    "what a subscriber may say in RESP3": (ONLY_3, r"""
        0!1 SUBSCRIBE news
        0 SET a 1
        0 GET a
        0 PING hello
        1 PUBLISH news hello
        0!1
        0!2 PUBLISH news self
        0 RESET
        0 PING"""),
    "publish inside a transaction": (BOTH, r"""
        0!1 SUBSCRIBE news
        1 MULTI
        1 PUBLISH news one
        1 PUBLISH news two
        1 EXEC
        0!1
        0!1"""),
    "quit": (BOTH, r"""
        0 SET a 1
        0!close QUIT
        1 GET a"""),
    "clients kill clients": (BOTH, r"""
        0 CLIENT KILL ID {id1}
        1!close
        0 CLIENT KILL ID 99999999
        0 CLIENT KILL {address2}
        2!close
        0 CLIENT KILL 1.2.3.4:5
        0 CLIENT KILL TYPE nonsense
        0 CLIENT KILL ID abc
        0!close CLIENT KILL ID {id0} SKIPME no"""),
    "clients have names": (BOTH, r"""
        0 CLIENT GETNAME
        0 CLIENT SETNAME worker
        0 CLIENT GETNAME
        0 CLIENT SETNAME "not valid"
        0 CLIENT SETNAME ""
        0 CLIENT GETNAME
        0 CLIENT INFO
        0 CLIENT LIST
        0 CLIENT LIST TYPE normal
        0 CLIENT LIST TYPE nonsense
        0 CLIENT LIST ID {id0} {id1}
        0 CLIENT LIST ID {id1} {id0} {id1}
        0 CLIENT NONSENSE
        0 CLIENT"""),
    "a pause": (BOTH, r"""
        0 CLIENT PAUSE abc
        0 CLIENT PAUSE -1
        0 CLIENT PAUSE 50 NONSENSE
        0 CLIENT PAUSE 60000 WRITE
        1 GET a
        1!0 SET a 1
        0 CLIENT UNPAUSE
        1!1
        1 GET a
        0 CLIENT PAUSE 30
        1 GET a"""),
    "about the server": (BOTH, r"""
        0 ROLE
        0 TIME
        0 LASTSAVE
        0 WAIT 0 10
        0 WAIT abc 1
        0 WAIT abc def
        0 WAIT 0 def
        0 SLOWLOG RESET
        0 SLOWLOG LEN
        0 SLOWLOG GET 5
        0 SLOWLOG NONSENSE
        0 LATENCY LATEST
        0 LATENCY RESET
        0 LATENCY HISTORY command
        0 CONFIG GET save
        0 CONFIG GET appendonly
        0 CONFIG GET nonsense
        0 CONFIG GET
        0 CONFIG SET nonsense 1
        0 CONFIG RESETSTAT
        0 CONFIG NONSENSE
        0 COMMAND COUNT
        0 COMMAND NONSENSE
        0 COMMAND INFO nonsense
        0 COMMAND DOCS nonsense
        0 COMMAND GETKEYS MSET a 1 b 2
        0 COMMAND GETKEYS GET
        0 COMMAND GETKEYS PING
        0 COMMAND GETKEYS NONSENSE a
        0 FUNCTION LIST
        0 FUNCTION FLUSH
        0 DEBUG SLEEP 0
        0 INFO
        0 INFO server
        0 INFO nonsense
        0 MEMORY USAGE missing
        0 OBJECT ENCODING missing
        0 AUTH password
        0 AUTH default password
        0 AUTH nobody password"""),
    "saving": (ONLY_2, r"""
        0 SAVE
        0 LASTSAVE
        0 BGSAVE NONSENSE
        0 BGSAVE"""),
    "hello": (ONLY_2, r"""
        0 HELLO
        0 HELLO 3
        0 HELLO
        0 GET missing
        0 LCS missing missing IDX
        0 HELLO 2 SETNAME me
        0 CLIENT GETNAME
        0 HELLO 9
        0 HELLO abc
        0 HELLO 3 AUTH nobody x
        0 HELLO 3 NONSENSE
        0 GET missing
        0 HELLO 3
        0 RESET
        0 GET missing"""),
    "arguments that look like protocol": (BOTH, r"""
        0 SET "$3" "*1"
        0 GET "$3"
        0 SET "-ERR" "+OK"
        0 GET "-ERR"
        0 ECHO ""
        0 PING ""
        0 PING a b"""),
}


def lines_of(text):
    """[(line, connection or None, replies awaited, words)]; None replies: until it is closed."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("gone "):
            found.append((line, None, 0, line.split()[1:]))
            continue
        number, awaited, rest = re.fullmatch(r"(\d)(?:!(\w+))?(?: (.*))?", line).groups()
        replies = None if awaited == "close" else int(awaited if awaited is not None else 1)
        found.append((line, int(number), replies, shlex.split(rest or "")))
    return found


class Stage:
    """Three connections to each of two servers, whose data is lost."""

    def __init__(self, reference, subject, version):
        self.duel = duel.Duel(reference, subject)
        self.duel.begin()
        self.names = [{}, {}]
        for number, channel in enumerate(self.duel.channels):
            for side, names in zip(channel.sides, self.names):
                if version == 3:
                    side.call("HELLO", "3")
                names[f"id{number}"] = side.call("CLIENT", "ID")
                names[f"address{number}"] = "%s:%d" % side.socket.getsockname()[:2]

    def close(self):
        self.duel.close()

    def hold(self, text):
        """Holds the dialogue; raises duel.Difference."""
        ended = set()
        for line, number, replies, words in lines_of(text):
            if number is None:
                for side in self.duel.channels[2].sides:
                    daemon.wait_until(lambda s=side: s.call("EXISTS", words[0]) == 0, line)
                continue
            self.exchange(line, number, replies, words)
            if replies is None:
                ended.add(number)
        for number in {0, 1, 2} - ended:  # nothing that nobody awaited has come
            self.exchange("at the end", number, 1, ["PING", "end"])

    def exchange(self, line, number, replies, words):
        channel, heard = self.duel.channels[number], []
        for side, names in zip(channel.sides, self.names):
            if words:
                side.send(*(item.format(**names) if "{" in item else item for item in words))
            if replies is None:
                closed = side.closes(duel.PATIENCE_S)
                heard.append([bytes(side.unread), b"closed" if closed else b"open"])
            else:
                try:
                    heard.append([side.read_raw() for _ in range(replies)])
                except duel.LOST as error:
                    heard.append([f"<{error}>".encode()] * replies)
        said = tuple(item.encode() for item in words) or (b"(what comes)",)
        if not words:  # a message that several patterns match comes in any order of these
            heard = [sorted(messages) for messages in heard]
        for reference, subject in zip(*heard):
            channel.judge(line, said, reference, subject)
