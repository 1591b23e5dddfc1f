"""The words random commands are made of: few keys, so that commands meet, and values at every edge.

Times keep away from what would depend on the clock: relative ones are weeks away and never alike,
absolute ones are in the year 2100 or long past. One Vocabulary a run; all chance is in its Random.
SPDX-License-Identifier: Apache-2.0
"""
KEYS = (b"a", b"b", b"c", b"counter", b"float", b"key:1", b"key:2", b"hello", b"hallo", b"h[a]llo",
        b"\xff", b"\xff\x01\x00\x00\x00\x01a", b"bin\x00\r\n$3\r\n", b"*", b"long" * 100)
TEXTS = (b"", b"x", b"ohmytext", b"mynewtext", b"hello world", b"+OK\r\n",
         b"\x00\xff\x80binary\r\n")
NUMBERS = (b"0", b"1", b"-1", b"10", b"42", b"-300", b"9223372036854775807",
           b"-9223372036854775808", b"9223372036854775806", b"4611686018427387904")
NOT_INTEGERS = (b"9223372036854775808", b"-9223372036854775809", b"1.5", b"", b" 1", b"1 ", b"+1",
                b"-0", b"012", b"0x10", b"1e3", b"abc", b"-", b"18446744073709551616")
FLOATS = (b"0", b"1.5", b"-2.25", b"0.1", b"0.2", b"3.0e3", b"5.0e-3", b"1e17", b"-1e20", b"1e-10",
          b"100", b"3.14159265358979", b"1e300", b"123456789.123456789")
NOT_FLOATS = (b"nan", b"inf", b"-inf", b"1e5000", b"abc", b"", b" 1", b"1 ", b"0x1p3", b"1.5x",
              b".")
# What a word is replaced by to make a command wrong. No small positive number: it could be taken
# for a time that runs out during the test. No zero byte: in a keyword or a cursor Redis does not
# read past it.
JUNK = (b"0", b"-1", b"abc", b"1.5", b"9223372036854775808", b"-9223372036854775809", b"NX", b"XX",
        b"EX", b"PX", b"GET", b"KEEPTTL", b"PERSIST", b"GT", b"LT", b"MATCH", b"COUNT", b"LEN",
        b"IDX", b"nonsense")
PATTERN_PIECES = (b"*", b"*", b"?", b"h", b"llo", b"key:", b"[ae]", b"[^e]", b"[a-z]", b"[z-a]",
                  b"\\*", b"\\", b"[", b"]", b"[a", b"[^", b"a", b"\xff", b"[\\]]")
YEAR_2100_S = 4102444800
SOON_S = 2_000_000  # what counts as far away, taken for milliseconds as well as for seconds
DATABASES = 4


class Vocabulary:
    def __init__(self, random):
        self.random = random
        self.times = 0

    def pick(self, pool):
        return self.random.choice(pool)

    def key(self):
        return self.pick(KEYS)

    def value(self):
        chance = self.random.random()
        if chance < 0.35:
            return self.pick(NUMBERS)
        if chance < 0.5:
            return self.pick(FLOATS)
        if chance < 0.6:
            return self.pick(NOT_INTEGERS + NOT_FLOATS)
        if chance < 0.92:
            return self.pick(TEXTS)
        return bytes(self.random.choices(b"abcd", k=self.pick((43, 44, 45, 64, 100, 3000))))

    def message(self):
        return self.pick(TEXTS)

    def integer(self):
        chance = self.random.random()
        if chance < 0.6:
            return b"%d" % self.random.randint(-20, 20)
        return self.pick(NUMBERS if chance < 0.85 else NOT_INTEGERS)

    def float(self):
        return self.pick(FLOATS if self.random.random() < 0.85 else NOT_FLOATS + NUMBERS)

    def index(self):
        chance = self.random.random()
        if chance < 0.85:
            return b"%d" % self.random.randint(-12, 20)
        return self.pick(NUMBERS if chance < 0.93 else NOT_INTEGERS)

    def offset(self):
        chance = self.random.random()
        if chance < 0.8:
            return b"%d" % self.random.randint(0, 30)
        return self.pick((b"2000", b"-1", b"536870912", b"9223372036854775807", b"abc"))

    def relative_s(self):
        """Seconds from now: unlike all others, so no comparison of two depends on the clock."""
        self.times += 1
        return SOON_S + (self.times * 389 % 997) * 1009

    def seconds(self):
        if self.random.random() < 0.8:
            return b"%d" % self.relative_s()
        return self.pick((b"0", b"-1", b"-100", b"9223372036854775807", b"-9223372036854775808",
                          b"9223372036854776", b"abc", b"1.5"))

    def milliseconds(self):
        if self.random.random() < 0.8:
            return b"%d" % (self.relative_s() * 1000 + self.random.randrange(1000))
        return self.pick((b"0", b"-1", b"-100000", b"9223372036854775807", b"-9223372036854775808",
                          b"abc", b""))

    def unix_s(self):
        if self.random.random() < 0.7:
            return b"%d" % (YEAR_2100_S + self.random.randrange(100))
        return self.pick((b"1", b"1000", b"1600000000", b"0", b"-5", b"9223372036854775807",
                          b"abc"))

    def unix_ms(self):
        if self.random.random() < 0.7:
            return b"%d" % (YEAR_2100_S * 1000 + self.random.randrange(100_000))
        return self.pick((b"1", b"1600000000000", b"0", b"-5", b"99999999999999999999", b"abc"))

    def database(self):
        if self.random.random() < 0.85:
            return b"%d" % self.random.randrange(DATABASES)
        return self.pick((b"-1", b"99999999", b"abc", b"9223372036854775808", b"1.0", b""))

    def pattern(self):
        if self.random.random() < 0.3:
            return self.pick((b"*", b"h?llo", b"h[ae]llo", b"key:*", b"*a*", b"nothing"))
        return b"".join(self.random.choices(PATTERN_PIECES, k=self.random.randint(1, 6)))

    def junk(self):
        return self.pick(JUNK)

    def case(self, name):
        """A keyword in lower, upper or mixed case."""
        chance = self.random.random()
        if chance < 0.6:
            return name
        if chance < 0.9:
            return name.lower()
        return bytes(self.random.choice((byte, byte | 0x20)) if 65 <= byte <= 90 else byte
                     for byte in name)
