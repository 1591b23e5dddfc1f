"""Client libraries against kvd: hiredis (C) and redis-py, each with what its users do.

hiredis_probe.c is compiled here. A library that is not installed (Debian packages libhiredis-dev,
python3-redis) skips its tests; with neither, the program skips.
SPDX-License-Identifier: Apache-2.0
"""
import inspect
import os
import shutil
import subprocess
import sys
import threading
import unittest

import daemon
from resp import case

try:
    import redis
except ImportError:
    sys.path.append("/usr/lib/python3/dist-packages")  # Debian's, under a Python of one's own
    try:
        import redis
    except ImportError:
        redis = None
HERE = os.path.dirname(os.path.abspath(__file__))


def hiredis_flags():
    """Flags to compile and link with hiredis, or None without it."""
    if not shutil.which("pkg-config") or not shutil.which("cc"):
        return None
    found = subprocess.run(["pkg-config", "--cflags", "--libs", "hiredis"], capture_output=True,
                           text=True, check=False)
    return found.stdout.split() if found.returncode == 0 else None


@unittest.skipUnless(hiredis_flags(), "no hiredis, pkg-config or C compiler here")
class Hiredis(case.RespCase):
    def test_single_commands_pipelines_transactions_and_messages(self):
        program = os.path.join(self.scratch, "hiredis_probe")
        # The headers lie in the folder hiredis, which the package also names itself.
        subprocess.run(["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-o", program,
                        os.path.join(HERE, "hiredis_probe.c"), *hiredis_flags()], check=True)
        server = self.serve()
        done = subprocess.run([program, *server.resp.rsplit(":", 1)], capture_output=True,
                              text=True, check=False, timeout=daemon.PATIENCE_S * 2)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


def newer(option):
    """Whether this redis-py takes that argument of Redis()."""
    return redis is not None and option in inspect.signature(redis.Redis.__init__).parameters


@unittest.skipUnless(redis, "no redis-py here")
class RedisPy(case.RespCase):
    options = {}

    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.client = self.open()

    def open(self, **options):
        host, port = self.server.resp.rsplit(":", 1)
        client = redis.Redis(host=host, port=int(port), socket_timeout=daemon.PATIENCE_S,
                             **self.options, **options)
        self.addCleanup(client.close)
        return client

    def test_strings_and_numbers(self):
        client = self.client
        self.assertTrue(client.ping())
        self.assertTrue(client.set("a", "1"))
        self.assertIsNone(client.set("a", "2", nx=True))
        self.assertEqual(client.set("a", "2", xx=True, get=True), b"1")
        self.assertEqual(client.get("a"), b"2")
        self.assertEqual(client.incr("a", 40), 42)
        self.assertEqual(client.decr("a"), 41)
        self.assertEqual(client.incrbyfloat("a", 0.5), 41.5)
        self.assertEqual(client.append("b", "abc"), 3)
        self.assertEqual(client.getrange("b", 1, -1), b"bc")
        self.assertEqual(client.setrange("b", 5, "x"), 6)
        self.assertEqual(client.get("b"), b"abc\0\0x")
        self.assertTrue(client.mset({"m1": 1, "m2": b"\xff\x00"}))
        self.assertEqual(client.mget("m1", "missing", "m2"), [b"1", None, b"\xff\x00"])
        self.assertFalse(client.msetnx({"m1": 5, "m9": 5}))
        self.assertEqual(client.getdel("m1"), b"1")
        self.assertEqual(client.exists("m1", "m2", "m2"), 2)
        with self.assertRaisesRegex(redis.ResponseError, "not an integer"):
            client.incr("b")

    def test_keys_and_times(self):
        client = self.client
        client.set("a", "1", ex=5000)
        self.assertLess(abs(client.ttl("a") - 5000), 100)
        self.assertTrue(client.persist("a"))
        self.assertEqual(client.ttl("a"), -1)
        self.assertEqual(client.ttl("missing"), -2)
        self.assertTrue(client.expireat("a", 4102444800))
        self.assertEqual(client.execute_command("EXPIRETIME", "a"), 4102444800)
        self.assertTrue(client.rename("a", "b"))
        with self.assertRaisesRegex(redis.ResponseError, "no such key"):
            client.rename("a", "b")
        self.assertEqual(client.type("b"), b"string")
        client.mset({f"key:{number}": number for number in range(500)})
        self.assertEqual(len(set(client.scan_iter("key:*", count=50))), 500)
        self.assertEqual(sorted(client.keys("key:1?")), [b"key:1%d" % last for last in range(10)])
        self.assertEqual(client.dbsize(), 501)
        other = self.open(db=3)
        self.assertEqual(other.dbsize(), 0)
        other.set("here", "1")
        self.assertTrue(client.flushdb())
        self.assertEqual((client.dbsize(), other.dbsize()), (0, 1))
        self.assertTrue(client.flushall())
        self.assertEqual(other.dbsize(), 0)

    def test_pipelines(self):
        pipe = self.client.pipeline(transaction=False)
        for number in range(2000):
            pipe.set(f"p{number}", number).incr("count")
        answers = pipe.execute()
        self.assertEqual(answers[0::2], [True] * 2000)
        self.assertEqual(answers[1::2], list(range(1, 2001)))
        pipe = self.client.pipeline(transaction=False)
        answers = pipe.set("text", "abc").incr("text").get("text").execute(raise_on_error=False)
        self.assertIsInstance(answers[1], redis.ResponseError)
        self.assertEqual((answers[0], answers[2]), (True, b"abc"))

    def test_transactions_with_watch_are_tried_again_until_nobody_interferes(self):
        rounds, workers, conflicts = 50, 4, []
        self.client.set("balance", 0)

        def work():
            client = self.open()
            for _ in range(rounds):
                while True:
                    with client.pipeline() as pipe:
                        try:
                            pipe.watch("balance")
                            value = int(pipe.get("balance"))
                            pipe.multi()
                            pipe.set("balance", value + 1).incr("done")
                            pipe.execute()
                            break
                        except redis.WatchError:
                            conflicts.append(value)
        threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(daemon.PATIENCE_S)
            self.assertFalse(thread.is_alive(), "a transaction is tried for ever")
        self.assertEqual(self.client.mget("balance", "done"), [b"%d" % (rounds * workers)] * 2)
        print(f"{len(conflicts)} conflicts")
        answer = self.client.transaction(lambda pipe: (pipe.get("balance"), pipe.multi(),
                                                       pipe.incr("balance")), "balance")
        self.assertEqual(answer, [rounds * workers + 1])

    def test_a_failing_command_inside_a_transaction(self):
        self.client.set("text", "abc")
        pipe = self.client.pipeline().set("a", "1").incr("text").set("b", "2")
        with self.assertRaisesRegex(redis.ResponseError, "Command # 2 .*not an integer"):
            pipe.execute()
        self.assertEqual(self.client.mget("a", "b"), [b"1", b"2"])
        pipe = self.client.pipeline().set("a", "3").execute_command("NONSENSE")
        with self.assertRaises(redis.ResponseError):
            pipe.execute()
        self.assertEqual(self.client.get("a"), b"1")

    def test_messages(self):
        listener = self.client.pubsub(ignore_subscribe_messages=True)
        self.addCleanup(listener.close)
        listener.subscribe("news")
        listener.psubscribe("n*")
        other = self.open()
        daemon.wait_until(lambda: listener.get_message(timeout=0.01) is not None
                          or other.publish("news", "first") == 2, "both subscriptions")
        found = set()

        def heard():
            message = listener.get_message(timeout=0.1)
            if message:
                found.add((message["type"], message["data"]))
            return len(found) == 2
        daemon.wait_until(heard, "both messages")
        self.assertEqual(found, {("message", b"first"), ("pmessage", b"first")})
        self.assertEqual(other.pubsub_channels(), [b"news"])
        self.assertEqual(other.pubsub_numsub("news", "other"), [(b"news", 1), (b"other", 0)])
        self.assertEqual(other.pubsub_numpat(), 1)
        listener.unsubscribe()
        listener.punsubscribe()
        daemon.wait_until(lambda: other.publish("news", "x") == 0 or listener.get_message(),
                          "nobody to listen")

    def test_a_listener_on_a_thread(self):
        heard, listener = [], self.client.pubsub()
        listener.subscribe(**{"news": heard.append})
        thread = listener.run_in_thread(sleep_time=0.01, daemon=True)
        other = self.open()
        daemon.wait_until(lambda: other.publish("news", "0") == 1, "the subscription")
        for number in range(1, 100):
            other.publish("news", number)
        daemon.wait_until(lambda: len(heard) >= 100, "all messages")
        thread.stop()
        thread.join(daemon.PATIENCE_S)
        self.assertEqual([int(message["data"]) for message in heard], list(range(100)))

    def test_about_the_server_and_its_clients(self):
        info = self.client.info()
        self.assertRegex(str(info["redis_version"]), r"^\d+\.\d+")
        self.client.set("a", "1")
        self.assertEqual(self.client.info("keyspace")["db0"]["keys"], 1)
        self.assertTrue(self.client.client_setname("me"))
        names = [client["name"] for client in self.client.client_list()]
        self.assertIn("me", names)
        self.assertEqual(self.client.config_get("appendonly").keys(), {"appendonly"})
        self.assertGreater(self.client.command_count(), 80)
        self.assertEqual(len(self.client.command_getkeys("MSET", "a", "1", "b", "2")), 2)
        self.assertEqual(len(self.client.time()), 2)
        self.assertEqual(self.client.execute_command("ROLE")[0], b"master")
        self.assertIsInstance(self.client.slowlog_get(), list)
        with self.assertRaises(redis.ResponseError):
            self.client.execute_command("NONSENSE")


@unittest.skipUnless(newer("protocol"), "this redis-py speaks RESP2 only")
class RedisPyVersion3(RedisPy):
    options = {"protocol": 3}


if __name__ == "__main__":
    case.main(None if redis or hiredis_flags() else "neither redis-py nor hiredis on this machine "
              "(Debian packages python3-redis, libhiredis-dev)")
