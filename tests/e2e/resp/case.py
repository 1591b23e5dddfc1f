"""The fixture of the RESP tests: the server under test, and connections that end with the test.

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys
import unittest

import kvd_case
import resp_client
from resp import servers


class RespCase(kvd_case.KvdCase):
    def serve(self, name="data", *flags, **options):
        """The server under test, started."""
        server = servers.subject(os.path.join(self.scratch, name), *flags, **options)
        self.daemons.append(server)
        return server.start()

    def connect(self, server, version=2, **options):
        connection = resp_client.Connection(server.resp, **options)
        self.addCleanup(connection.close)
        if version != 2:
            connection.call("HELLO", version)
        return connection


def main(why_not=None):
    """Runs the tests of the program, or skips them all because of `why_not`."""
    if why_not:
        print(f"skipped: {why_not}")
        sys.exit(servers.SKIPPED)
    unittest.main(verbosity=2)
