"""Random commands to kvd and to a real Redis 7.0: the same bytes come back, the same keys remain.

By hand: resp_differential_test.py [--seed N] [--steps N] [--subject ADDR:PORT] [--reference
ADDR:PORT]. Without addresses it starts both (resp/servers.py). Intended differences are in
resp/answers.py. Skips without a redis-server 7.0.
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import os
import random
import sys
import tempfile

import daemon
from resp import duel, grammar, servers

ROUND = 400  # steps between two comparisons of all keys
TAIL = 25


def report(fight, steps, difference, seed, round_number):
    number = next((n for n in range(len(steps)) if difference.where == f"step {n}"),
                  len(steps) - 1)
    print(f"\nseed {seed}, round {round_number}, {difference}\nthe steps before it:")
    print(duel.tell(steps[max(0, number - TAIL):number + 1]), flush=True)
    try:
        fewer, found = fight.shrink(steps[:number + 1])
    except OSError as error:
        print(f"\nno replay: a server is gone ({error})")
        return
    if found:
        print(f"\nfewer steps, to the same or another difference:\n{duel.tell(fewer)}\n{found}")
    else:
        print("\na replay of these steps alone shows no difference")


def fight_on(reference, subject, seed, steps):
    """The number of commands compared, or None after a difference."""
    chance, fight, commands = random.Random(seed), duel.Duel(reference, subject), 0
    try:
        for round_number in range((steps + ROUND - 1) // ROUND):
            words = grammar.Grammar(random.Random(chance.getrandbits(64)))
            sequence = [grammar.HELLO_3] + [words.step() for _ in range(ROUND)]
            difference = fight.differs(sequence)
            if difference:
                report(fight, sequence, difference, seed, round_number)
                return None
            commands += sum(len(step.commands) for step in sequence)
    finally:
        fight.close()
    return commands


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--steps", type=int, default=int(os.environ.get("KV_DUEL_STEPS", "6000")))
    parser.add_argument("--subject", help="a server that runs already; its data is lost")
    parser.add_argument("--reference", help="a Redis that runs already; its data is lost")
    options = parser.parse_args()
    if not options.reference and servers.why_no_reference():
        print(f"skipped: {servers.why_no_reference()}")
        return servers.SKIPPED
    seed = daemon.seed() if options.seed is None else options.seed
    with tempfile.TemporaryDirectory(prefix="kvd-e2e-") as scratch:
        started = []

        def start(address, server):
            if address:
                return address
            started.append(server)
            return server.start().resp
        try:
            reference = start(options.reference, servers.Redis(os.path.join(scratch, "redis")))
            subject = start(options.subject, servers.subject(os.path.join(scratch, "data")))
            commands = fight_on(reference, subject, seed, options.steps)
            if commands is None:
                print("".join(f"--- end of {server.log_path}\n{server.log()[-2000:]}\n"
                              for server in started))
                return 1
        finally:
            for server in started:
                server.kill()
    print(f"{commands} commands, the same answers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
