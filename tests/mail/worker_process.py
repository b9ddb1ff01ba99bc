"""A worker in a process of its own, to be killed: `worker_process.py DATABASE_URL PORT [SILENCE_MS [CONNECTIONS]]`."""

import asyncio
import signal
import sys

from newsletter.mail import Worker
from newsletter.settings import Settings
from newsletter.storage import open_database
from newsletter.tokens import Tokens


async def main(database_url: str, port: str, silence: str = "30000", connections: str = "4") -> None:
    settings = Settings(
        public_url="https://news.example.com",
        smtp_url=f"smtp://127.0.0.1:{port}?tls=off",
        from_name="Olga Writes",
        from_email="letters@example.com",
        secret_keys=("test-key-" + "k" * 32,),
        postal_address="Olga, 1 Quay\nPorto",
        mail_connections=int(connections),
    )
    db = await open_database(database_url)
    worker = Worker(
        db, settings, Tokens(settings.secret_keys), silence=int(silence), beat=int(silence) / 4000, poll=0.05
    )
    running = asyncio.create_task(worker.run())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await worker.stop()
    await running
    await db.close()


def run(*words: str) -> None:
    asyncio.run(main(*words))


if __name__ == "__main__":
    run(*sys.argv[1:])
