"""When the answers of two servers to one command count as the same.

Byte for byte, except as RULES says: the one table of intended differences, each with its reason. A
rule is for answers that are no errors; error texts are always compared byte for byte, but for that
of `unknown_cursor`. Pure functions.
SPDX-License-Identifier: Apache-2.0
"""
import collections

import resp_client
from resp.vocabulary import YEAR_2100_S

Rule = collections.namedtuple("Rule", "same reason")


def exactly(_words, reference, subject):
    return reference == subject


def shape(raw):
    """The kinds of a reply and of what is in it, without what they say."""
    _, parts = resp_client.parts_of(raw)
    return raw[:1] + b"".join(sorted({shape(part) for part in parts}))


def same_kind(_words, reference, subject):
    return reference[:1] == subject[:1]


def same_shape(_words, reference, subject):
    return shape(reference) == shape(subject)


def as_set(_words, reference, subject):
    """The same elements in any order; a map's elements are its pairs."""
    def elements(raw):
        header, parts = resp_client.parts_of(raw)
        return header, sorted(zip(parts[::2], parts[1::2]) if header[:1] == b"%" else parts)
    return elements(reference) == elements(subject)


def scan_at_once(words, reference, subject):
    """A whole iteration in one call, when it begins at 0 and asks for more than there is."""
    if words[1] != b"0" or words[-2:] != (b"COUNT", b"10000"):
        return same_kind(words, reference, subject)
    (head, (cursor, keys)), (other_head, (other_cursor, other_keys)) = (
        resp_client.parts_of(reference), resp_client.parts_of(subject))
    return (head, cursor) == (other_head, other_cursor) and as_set(words, keys, other_keys)


def unknown_cursor(words, reference, subject):
    """kvd tells a cursor that it never gave out, where Redis takes any number for one."""
    return (words[0].upper() == b"SCAN" and words[1:2] != (b"0",) and reference[:1] == b"*"
            and subject.startswith(b"-ERR cursor "))


def within(tolerance, exact_from=None):
    """Integers that differ by no more; negative ones, and those from `exact_from` up to a thousandth more, which
    the steps name as absolute times, are exact."""
    def same(_words, reference, subject):
        first, second = resp_client.value_of(reference), resp_client.value_of(subject)
        if not isinstance(first, int) or not isinstance(second, int):
            return reference == subject
        if min(first, second) < 0 or (exact_from and exact_from <= min(first, second) < exact_from * 1.001):
            return first == second
        return abs(first - second) <= tolerance
    return same


def random_key(_words, reference, subject):
    """Both have a key, or neither has one; duel.py checks that it exists."""
    return (resp_client.value_of(reference) is None) == (resp_client.value_of(subject) is None)


def hello(_words, reference, subject):
    """The same fields in the same order, the same protocol and server name."""
    def facts(raw):
        header, parts = resp_client.parts_of(raw)
        fields = dict(zip(parts[::2], parts[1::2]))
        return (header, parts[::2], [shape(value) for value in fields.values()],
                [fields.get(b"$%d\r\n%b\r\n" % (len(name), name))
                 for name in (b"server", b"proto", b"mode", b"role", b"modules")])
    return facts(reference) == facts(subject)


def encoding(_words, reference, subject):
    """Redis's depends on how a value came about: a number made by INCRBYFLOAT or APPEND is a string
    to it. kvd goes by the value, so it may say `int` where Redis does not, never the reverse."""
    strings = (b"embstr", b"raw")
    ours, theirs = resp_client.value_of(subject), resp_client.value_of(reference)
    return ours == theirs or (theirs in strings and ours in (*strings, b"int"))


RULES = {
    (b"KEYS",): Rule(as_set, "the order of keys is not promised"),
    (b"SCAN",): Rule(scan_at_once, "cursors and order are each server's own"),
    (b"PUBSUB", b"CHANNELS"): Rule(as_set, "the order of channels is not promised"),
    (b"RANDOMKEY",): Rule(random_key, "the choice is random"),
    (b"TTL",): Rule(within(1), "the two are asked one after the other"),
    (b"PTTL",): Rule(within(1000), "the two are asked one after the other"),
    (b"EXPIRETIME",): Rule(within(1, YEAR_2100_S), "relative times begin at two moments"),
    (b"PEXPIRETIME",): Rule(within(1000, YEAR_2100_S * 1000),
                            "relative times begin at two moments"),
    (b"HELLO",): Rule(hello, "version and id are each server's own"),
    (b"TIME",): Rule(same_shape, "the clock"),
    (b"LASTSAVE",): Rule(same_kind, "the clock"),
    (b"CLIENT", b"ID"): Rule(same_kind, "numbers are each server's own"),
    (b"CLIENT", b"LIST"): Rule(same_kind, "the fields' values are each server's own"),
    (b"CLIENT", b"INFO"): Rule(same_kind, "the fields' values are each server's own"),
    (b"OBJECT", b"ENCODING"): Rule(encoding, "depends on how Redis got there"),
    (b"OBJECT", b"REFCOUNT"): Rule(same_kind, "Redis shares small numbers"),
    (b"OBJECT", b"IDLETIME"): Rule(same_kind, "the clock; kvd need not keep it"),
    (b"MEMORY",): Rule(same_kind, "memory figures"),
    (b"INFO",): Rule(same_kind, "contents are each server's own"),
    (b"COMMAND",): Rule(same_kind, "kvd has fewer commands"),
    (b"COMMAND", b"GETKEYS"): Rule(exactly, "none: here the keys count"),
    (b"COMMAND", b"GETKEYSANDFLAGS"): Rule(exactly, "none: here the keys count"),
    (b"COMMAND", b"COUNT"): Rule(same_kind, "kvd has fewer commands"),
    (b"CONFIG", b"GET"): Rule(same_kind, "parameters are each server's own"),
    (b"SLOWLOG",): Rule(same_kind, "what is slow is each server's own"),
    (b"CLIENT", b"HELP"): Rule(same_kind, "help describes what is there"),
}
# Commands that Redis 7.0 has and kvd does not, by design: other types, scripts, replication. Each
# must get the text of an unknown command.
ABSENT = {
    "other types": "LPUSH RPUSH LPOP LRANGE BLPOP HSET HGET HGETALL SADD SMEMBERS ZADD ZRANGE "
                   "ZSCORE XADD XREAD PFADD GEOADD SETBIT GETBIT BITCOUNT BITOP",
    "scripts": "EVAL EVALSHA SCRIPT FCALL",
    "replication": "REPLICAOF PSYNC MIGRATE CLUSTER",
}


def rule_of(words):
    """The Rule for a command, or None where only the same bytes will do."""
    names = tuple(part.upper() for part in words[:2])
    return RULES.get(names) or RULES.get(names[:1])


def same(words, reference, subject):
    """Whether both answers to the command `words` count as the same."""
    if reference == subject:
        return True
    if unknown_cursor(words, reference, subject):
        return True
    if reference[:1] in b"-!" or subject[:1] in b"-!" or reference[:1] != subject[:1]:
        return False
    rule = rule_of(words)
    return rule is not None and rule.same(words, reference, subject)


def same_transaction(queued, reference, subject):
    """EXEC's answer: each command's own rule for its part."""
    head, parts = resp_client.parts_of(reference)
    other_head, other_parts = resp_client.parts_of(subject)
    if reference == subject:
        return True
    return (head == other_head and len(parts) == len(other_parts) == len(queued)
            and all(same(*each) for each in zip(queued, parts, other_parts)))
