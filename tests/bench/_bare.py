"""A Litestar app with one route and nothing else, on uvicorn and uvloop: what ours is compared with.

Usage: python -m tests.bench._bare PORT.
"""

import sys

import uvicorn
from litestar import Litestar, get


@get("/health")
async def health() -> str:
    return "ok"


if __name__ == "__main__":
    app = Litestar([health], openapi_config=None)
    uvicorn.run(
        app, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="warning", access_log=False
    )
