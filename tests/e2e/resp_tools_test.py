"""Redis's own tools against kvd: redis-cli in every way it can be used, and redis-benchmark.

Skips without redis-cli and redis-benchmark (Debian package redis-tools).
SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import subprocess

import daemon
import resp_client
from resp import case, servers, terminal

TOOLS = ("redis-cli", "redis-benchmark")


def missing():
    names = [name for name in TOOLS if shutil.which(name) is None]
    if not names:
        return None
    return f"no {' and no '.join(names)} on this machine (Debian package redis-tools)"


class WithTool(case.RespCase):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.host, self.port = self.server.resp.rsplit(":", 1)

    def words(self, tool, *words):
        return [tool, "-h", self.host, "-p", self.port, *words]

    def run_tool(self, tool, *words, data=b""):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("REDISCLI")}
        return subprocess.run(self.words(tool, *words), input=data, capture_output=True,
                              check=False, timeout=daemon.PATIENCE_S, env=environment)

    def cli(self, *words, data=b""):
        """What redis-cli prints."""
        done = self.run_tool("redis-cli", *words, data=data)
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(done.stderr, b"")
        return done.stdout

    def fill(self, count):
        with resp_client.Connection(self.server.resp) as connection:
            connection.pipeline([("SET", b"key:%d" % number, b"v" * (number % 100))
                                 for number in range(count)])


class OneShot(WithTool):
    def test_one_command(self):
        self.assertEqual(self.cli("SET", "a", "two words"), b"OK\n")
        self.assertEqual(self.cli("GET", "a"), b"two words\n")
        self.assertEqual(self.cli("--no-raw", "GET", "a"), b'"two words"\n')
        self.assertEqual(self.cli("--no-raw", "GET", "missing"), b"(nil)\n")
        self.assertEqual(self.cli("--csv", "MGET", "a", "missing"), b'"two words",NULL\n')
        self.assertEqual(self.cli("--json", "MGET", "a", "missing"), b'["two words",null]\n')
        self.assertEqual(self.cli("-n", "2", "DBSIZE"), b"0\n")
        self.assertEqual(self.cli("-r", "3", "-i", "0.01", "INCR", "n"), b"1\n2\n3\n")
        self.assertEqual(self.cli("NONSENSE", "a").strip(),
                         b"ERR unknown command 'NONSENSE', with args beginning with: 'a'")
        self.assertEqual(self.run_tool("redis-cli", "-e", "GET").returncode, 1)

    def test_version_3(self):
        self.assertEqual(self.cli("-3", "SET", "a", "1"), b"OK\n")
        self.assertIn(b"proto 3\n", self.cli("-3", "HELLO", "3"))
        self.assertEqual(self.cli("-3", "--no-raw", "CONFIG", "GET", "appendonly").split(b"=>")[0],
                         b'1# "appendonly" ')

    def test_the_last_argument_from_standard_input(self):
        value = bytes(range(256)) * 100
        self.assertEqual(self.cli("-x", "SET", "binary", data=value), b"OK\n")
        self.assertEqual(self.cli("GET", "binary"), value + b"\n")
        self.assertEqual(self.cli("-X", "VALUE", "SET", "other", "VALUE", "EX", "500", data=b"abc"),
                         b"OK\n")
        self.assertEqual(self.cli("GET", "other"), b"abc\n")

    def test_commands_from_a_pipe(self):
        script = b"SET s 1\nINCR s\nGET s\nNONSENSE\nMULTI\nINCR s\nEXEC\n"
        lines = [line for line in self.cli(data=script).splitlines() if line]
        self.assertEqual(lines, [b"OK", b"2", b"2",
                                 b"ERR unknown command 'NONSENSE', with args beginning with: ",
                                 b"OK", b"QUEUED", b"3"])

    def test_mass_insertion(self):
        count = 20_000
        protocol = b"".join(resp_client.encode("SET", b"mass:%d" % number, b"x" * (number % 50))
                            for number in range(count))
        said = self.cli("--pipe", data=protocol)
        self.assertIn(b"errors: 0, replies: %d" % count, said)
        self.assertEqual(self.cli("DBSIZE"), b"%d\n" % count)
        wrong = self.run_tool("redis-cli", "--pipe", data=b"INCR mass:1\r\nNONSENSE\r\n")
        self.assertIn(b"errors: 2, replies: 2", wrong.stdout)


class OverAllKeys(WithTool):
    def test_scan(self):
        self.fill(3000)
        found = self.cli("--scan").split()
        self.assertEqual(sorted(set(found)), sorted(b"key:%d" % number for number in range(3000)))
        self.assertEqual(len(self.cli("--scan", "--pattern", "key:1??").split()), 100)

    def test_bigkeys_and_memkeys(self):
        self.fill(500)
        self.cli("SET", "the-biggest", "x" * 1000)
        for option in ("--bigkeys", "--memkeys"):
            said = self.cli(option)
            self.assertIn(b"Sampled 501 keys in the keyspace!", said)
            self.assertIn(b'the-biggest', said)
            self.assertIn(b"501 strings with", said)


class Continuous(WithTool):
    def test_latency(self):
        fields = self.cli("--latency", "-i", "1").split()
        self.assertEqual(len(fields), 4)
        self.assertGreater(int(fields[3]), 10, "samples taken in a second")

    def test_latency_on_a_screen(self):
        with terminal.Terminal(self.words("redis-cli", "--latency", "-i", "1")) as screen:
            screen.expect(r"min: \d+, max: \d+, avg: [\d.]+ \(\d\d+ samples\)")
        with terminal.Terminal(self.words("redis-cli", "--latency-history", "-i", "1")) as screen:
            screen.expect(r"min: .*seconds range")

    def test_stat(self):
        self.fill(70)
        with terminal.Terminal(self.words("redis-cli", "--stat", "-i", "0.1")) as screen:
            screen.expect(r"keys +mem +clients +blocked +requests +connections")
            for _ in range(3):
                screen.expect(r"\n70 +[\d.]+[BKMG] +\d+ +0 +\d+ \(\+\d+\) +\d+")


class Interactive(WithTool):
    def prompt(self, state=""):
        return rf"{self.host}:{self.port}{state}> "

    def session(self, *options):
        screen = terminal.Terminal(self.words("redis-cli", *options))
        self.addCleanup(screen.__exit__)
        screen.expect(self.prompt())
        return screen

    def say(self, screen, line, answer, state=""):
        """Types a line; waits for what it leads to and for the next prompt, before which it is not
        yet listening."""
        screen.type(line + "\r")
        screen.expect(answer)
        screen.expect(self.prompt(state))

    def test_commands_and_prompts(self):
        screen = self.session()
        self.say(screen, "SET a 'two words'", r"\nOK\n")
        self.say(screen, "GET a", r'\n"two words"\n')
        self.say(screen, "SELECT 3", r"\nOK\n", state=r"\[3\]")
        self.say(screen, "GET a", r"\n\(nil\)\n", state=r"\[3\]")
        self.say(screen, "MULTI", r"\nOK\n", state=r"\[3\]\(TX\)")
        self.say(screen, "INCR n", r"\nQUEUED\n", state=r"\[3\]\(TX\)")
        self.say(screen, "EXEC", r"\n1\) \(integer\) 1\n", state=r"\[3\]")
        self.say(screen, "INCR", r"\n\(error\) ERR wrong number of arguments for 'incr' command\n",
                 state=r"\[3\]")
        screen.type("quit\r")
        self.assertEqual(screen.process.wait(daemon.PATIENCE_S), 0)

    def test_help_and_hints(self):
        screen = self.session()
        self.say(screen, "help SETEX", r"SETEX key seconds value\n\s+summary: \w+[^>]*"
                                       r"group: string\n")
        self.say(screen, "help @string", r"GETRANGE key start end\n\s+summary: [^>]*"
                                         r"SETRANGE key offset value\n")
        screen.type("getrange ")
        screen.expect(r"getrange +key start end")
        self.say(screen, "k 0 1", r'\n""\n')
        screen.type("PERSI\t")
        screen.expect(r"PERSIST")
        self.say(screen, " k", r"\n\(integer\) 0\n")

    def test_subscribing(self):
        for options in ((), ("-3",)):
            screen = self.session(*options)
            screen.type("SUBSCRIBE news\r")
            screen.expect(r'"subscribe"\n2\) "news"\n3\) \(integer\) 1')
            with resp_client.Connection(self.server.resp) as connection:
                self.assertEqual(connection.call("PUBLISH", "news", "it happened"), 1)
            screen.expect(r'"message"\n2\) "news"\n3\) "it happened"')
            screen.process.kill()
            daemon.wait_until(lambda: servers.info(self.server.resp)["connected_clients"] == "1",
                              "the subscriber to be gone")


class Benchmark(WithTool):
    NAMES = ("PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)")

    def rates(self, *options):
        """{test: requests per second}; the connections it opened must all have been answered."""
        done = self.run_tool("redis-benchmark", "-t", "ping,set,get,incr,mset", "--csv", *options)
        self.assertEqual(done.returncode, 0, done)
        self.assertNotIn(b"rror", done.stdout + done.stderr)
        rows = [line.strip('"').split('","') for line in done.stdout.decode().splitlines()]
        return {row[0]: float(row[1]) for row in rows[1:]}

    def test_default_string_tests(self):
        self.assertEqual(tuple(self.rates("-n", "1000")), self.NAMES)

    def test_pipelines_random_keys_threads_and_version_3(self):
        self.assertEqual(tuple(self.rates("-n", "20000", "-P", "16", "-r", "10000", "-d", "200")),
                         self.NAMES)
        self.assertGreater(int(self.cli("DBSIZE")), 1000)
        self.assertEqual(tuple(self.rates("-n", "2000", "--threads", "2", "-3")), self.NAMES)

    def test_says_so_quietly(self):
        done = self.run_tool("redis-benchmark", "-t", "ping,set,get,incr,mset", "-q", "-n", "1000")
        said = done.stdout.decode().replace("\r", "\n")
        self.assertEqual(done.returncode, 0, done)
        for name in self.NAMES:
            self.assertIn(f"{name}: ", said)
        self.assertNotIn("WARNING", said + done.stderr.decode())


if __name__ == "__main__":
    case.main(missing())
