"""The real worker, with an engine that breaks and puts the token into its last words."""

import os

from portal import engine_worker


class Worker(engine_worker.Worker):
    def outcome(self):
        token = os.environ["GITHUB_TOKEN"]
        found = [name for name in os.environ if os.environ[name] == token]
        raise RuntimeError(f"the token is {token}, of {len(found)}")


def main():
    engine_worker.main(Worker)
