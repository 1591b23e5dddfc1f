"""Starting, stopping and refusing: exit codes, kvd.addr, sd_notify, drain, locks and public binds.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import unittest

import daemon
import kvd_case


class Lifecycle(kvd_case.KvdCase):
    def test_writes_its_address_once_ready_and_exits_0_on_sigterm(self):
        kvd = self.make().start()
        host, port = kvd.address.rsplit(":", 1)
        self.assertEqual(host, "127.0.0.1")
        self.assertGreater(int(port), 0)
        socket.create_connection((host, int(port)), timeout=daemon.PATIENCE_S).close()
        self.ok(kvd.cli("put", "a", "b"))
        self.assertEqual(kvd.stop(), 0)
        self.assertEqual(self.ok(kvd.start().cli("get", "a")), b"b\n")

    def test_sigint_drains_as_well(self):
        kvd = self.make().start()
        self.ok(kvd.cli("put", "a", "b"))
        kvd.process.send_signal(signal.SIGINT)
        self.assertEqual(kvd.process.wait(daemon.PATIENCE_S), 0)

    def test_a_drained_server_has_everything_a_client_was_told(self):
        kvd = self.make().start()
        records = kvd_case.numbered(3000, 100)
        self.import_records(kvd, records)
        self.assertEqual(kvd.stop(), 0)
        self.assertEqual(self.export_records(kvd.start()), records)

    def test_tells_systemd_when_it_is_ready_and_when_it_stops(self):
        path = os.path.join(self.scratch, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(daemon.PATIENCE_S)
            kvd = self.make(environment={"NOTIFY_SOCKET": path}).start()
            self.wait_for_notice(notify, "READY=1")
            self.assertEqual(kvd.stop(), 0)
            self.wait_for_notice(notify, "STOPPING=1")

    def wait_for_notice(self, notify, wanted):
        while wanted not in notify.recv(4096).decode().splitlines():
            pass

    def test_a_second_daemon_on_the_directory_is_refused_with_3(self):
        first = self.make().start()
        second = self.make()
        second.log_path += ".second"
        second.spawn = lambda *flags: spawn_without_touching(second, *flags)
        code, said = second.refuses()
        self.assertEqual(code, 3, said)
        self.assertIn(first.data_dir, said)
        self.ok(first.cli("put", "still", "here"))

    def test_a_renamed_log_file_is_left_for_a_new_one_on_sighup_and_sigusr1(self):
        path = os.path.join(self.scratch, "kvd.log")
        kvd = self.make("data", "--set", f"log.file={path}").start()
        for number, name in enumerate(("SIGHUP", "SIGUSR1")):
            said = f"{name}: opened {path} anew"
            os.rename(path, f"{path}.{number}")
            kvd.process.send_signal(signal.Signals[name])
            daemon.wait_until(lambda: os.path.exists(path) and said in text_of(path), said)
            self.assertNotIn(said, text_of(f"{path}.{number}"))
        self.assertIn("ready", text_of(f"{path}.0"))
        self.ok(kvd.cli("ping"))
        self.assertEqual(kvd.stop(), 0)
        self.assertIn("stopped", text_of(path))

    def test_a_log_file_that_cannot_be_opened_anew_stays_the_old_one(self):
        folder = os.path.join(self.scratch, "logs")
        os.mkdir(folder)
        kvd = self.make("data", "--set", f"log.file={folder}/kvd.log").start()
        os.rename(folder, folder + ".old")
        kvd.process.send_signal(signal.SIGHUP)
        old = os.path.join(folder + ".old", "kvd.log")
        daemon.wait_until(lambda: "lines go on to the file that was open" in text_of(old),
                          "the line that the log file cannot be opened")
        self.assertIn("No such file or directory", text_of(old))
        self.assertEqual(kvd.stop(), 0)
        self.assertIn("stopped", text_of(old))
        self.assertFalse(os.path.exists(folder))

    def test_signals_without_a_log_file_are_noted_and_harmless(self):
        kvd = self.make().start()
        for name in ("SIGHUP", "SIGUSR1", "SIGUSR2"):
            kvd.process.send_signal(signal.Signals[name])
        daemon.wait_until(lambda: "SIGUSR1: the log goes to standard error" in kvd.log(), "a line")
        self.ok(kvd.cli("ping"))
        self.assertEqual(kvd.stop(), 0)

    def test_a_public_bind_is_refused_with_2_until_it_is_allowed(self):
        for number, address in enumerate(("0.0.0.0:0", "[::]:0")):
            code, said = self.make(f"public{number}").refuses("--listen", address)
            self.assertEqual(code, 2, said)
            self.assertIn("allow", said)
        kvd = self.make("allowed").spawn("--listen", "0.0.0.0:0", "--allow-public-bind")
        daemon.wait_until(lambda: kvd.read_address() or not kvd.alive(), "an address")
        self.assertTrue(kvd.alive(), kvd.log())

    def test_bad_usage_and_configuration_exit_2_and_say_where(self):
        code, said = self.make("usage").refuses("--no-such-flag")
        self.assertEqual(code, 2, said)
        config = os.path.join(self.scratch, "kvd.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("# a comment\nlisten_addres = \"127.0.0.1:0\"\n")
        code, said = self.make("config").refuses("--config", config)
        self.assertEqual(code, 2, said)
        self.assertIn("kvd.toml", said)
        self.assertIn("listen_addres", said)
        self.assertRegex(said, r"\b2\b")
        code, said = self.make("directory").refuses("--config", self.scratch)
        self.assertEqual(code, 2, said)
        self.assertIn("Is a directory", said)

    def test_settings_that_do_not_fit_together_are_refused_before_anything_is_made(self):
        missing = os.path.join(self.scratch, "missing", "kvd.log")
        for number, (words, *settings) in enumerate((
                ("log.file: directory", f"log.file={missing}"),
                ("800MiB is the least", "engine.memory_budget=32MiB", "engine.disk_budget=256MiB"),
                ("address of listen", "listen=127.0.0.1:7", "resp_listen=127.0.0.1:7"))):
            flags = [word for setting in settings for word in ("--set", setting)]
            for more in (["--check-config"], []):
                data_dir = os.path.join(self.scratch, f"unfit{number}")
                done = subprocess.run(
                    [os.path.join(daemon.BIN, "kvd"), "--data-dir", data_dir, *flags, *more],
                    capture_output=True, text=True, check=False, timeout=daemon.PATIENCE_S)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertFalse(os.path.exists(data_dir))
        self.assertFalse(os.path.exists(os.path.dirname(missing)))

    def test_a_port_in_use_exits_1_and_names_it(self):
        first = self.make("first").start()
        second = self.make("second")
        for listener in ("--listen", "--resp-listen"):
            code, said = second.refuses(listener, first.address)
            self.assertEqual(code, 1, said)
            self.assertIn(f"bind {first.address}: Address already in use", said)
            self.assertFalse(os.path.exists(second.data_dir), "the store comes after the ports")

    def test_a_refused_connection_is_logged_with_the_limit_that_was_hit(self):
        all_taken = "refused, all 2 connections of limits.connections are taken"
        kvd = self.make("all", "--set", "limits.connections=2").start()
        self.connect_until_logged(kvd, 3, all_taken)
        kvd = self.make("address", "--set", "limits.hello_connections_per_address=1").start()
        self.connect_until_logged(kvd, 2, "its address has 1 connections that have not finished "
                                          "HELLO, which is limits.hello_connections_per_address")

    def connect_until_logged(self, kvd, count, line):
        host, port = kvd.address.rsplit(":", 1)
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                stack.enter_context(socket.create_connection((host, int(port)), daemon.PATIENCE_S))
            daemon.wait_until(lambda: line in kvd.log(), line)

    def wrap(self, kvd, command):
        """Has the shell run `command` with kvd's flags instead of kvd itself."""
        kvd.program = os.path.join(self.scratch, "kvd.sh")
        with open(kvd.program, "w", encoding="utf-8") as script:
            script.write(f'#!/bin/sh\n{command} "$@"\n')
        os.chmod(kvd.program, 0o755)

    def test_what_cannot_be_a_data_directory_is_refused_with_3_and_why(self):
        with open(os.path.join(self.scratch, "file"), "w", encoding="utf-8") as file:
            file.write("not a directory")
        kvd = self.make("file")
        kvd.spawn = lambda: spawn_without_touching(kvd)
        self.assert_refused(kvd, "is a file, not a directory")
        kvd = self.make("a/b/c")
        kvd.log_path = os.path.join(self.scratch, "missing.log")
        self.assert_refused(kvd, "a/b: No such file or directory", "mkdir -p")
        os.symlink("nowhere", os.path.join(self.scratch, "dangling"))
        self.assert_refused(self.make("dangling"), "symbolic link to nowhere")

    def test_a_data_directory_of_somebody_else_is_refused_with_3(self):
        kvd = self.make().start()
        self.assertEqual(kvd.stop(), 0)
        if os.geteuid() == 0:
            os.chmod(self.scratch, 0o711)
            copy = shutil.copy(kvd.program, os.path.join(self.scratch, "kvd"))
            self.wrap(kvd, f"exec setpriv --reuid=65534 --regid=65534 --clear-groups {copy}")
        os.chmod(kvd.data_dir, 0o555)
        self.assert_refused(kvd, "with mode 0555, and kvd runs as user id", "chown")
        os.chmod(kvd.data_dir, 0o777)
        os.chmod(kvd.path("LOCK"), 0o444)
        self.assert_refused(kvd, "LOCK", "Permission denied", "chown -R")

    def test_too_few_open_files_exit_1_as_that_may_pass(self):
        kvd = self.make()
        self.wrap(kvd, f"ulimit -n 5 && exec {kvd.program}")
        code, said = kvd.refuses()
        self.assertEqual(code, 1, said)
        self.assertIn("Too many open files", said)

    def test_check_print_and_version_need_no_data_directory(self):
        for flag in ("--check-config", "--print-config", "--version", "--help"):
            done = subprocess.run([os.path.join(daemon.BIN, "kvd"), flag], capture_output=True,
                                  text=True, check=False, cwd=self.scratch)
            self.assertEqual(done.returncode, 0, flag + done.stderr)
        self.assertEqual(os.listdir(self.scratch), [])


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def spawn_without_touching(kvd, *flags):
    """Like Daemon.spawn, but leaves the running daemon's address file alone."""
    with open(kvd.log_path, "ab") as log:
        kvd.process = subprocess.Popen(
            [kvd.program, "--data-dir", kvd.data_dir, "--listen", "127.0.0.1:0",
             "--resp-listen", "127.0.0.1:0", *flags],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    return kvd


if __name__ == "__main__":
    unittest.main(verbosity=2)
