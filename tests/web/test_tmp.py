import time
from tests.web.test_withstand import *
from tests.web.wire import ask
async def test_t(doors):
    for what in ("httpx", "raw", "raw2"):
        t=time.perf_counter(); c=time.process_time()
        for _ in range(30):
            if what=="httpx": await doors.web.get("/health")
            else: await ask(doors.service.port, b"GET /health HTTP/1.1\r\nHost: news.example.org\r\n\r\n")
        print(what, (time.perf_counter()-t)/30*1000, (time.process_time()-c)/30*1000)
    import socket
    r,w=await asyncio.open_connection("127.0.0.1", doors.service.port)
    t=time.perf_counter()
    for _ in range(30):
        w.write(b"GET /health HTTP/1.1\r\nHost: news.example.org\r\n\r\n")
        head = await r.readuntil(b"\r\n\r\n")
        t1=time.perf_counter()
        await r.readexactly(3)
    print("keep", (time.perf_counter()-t)/30*1000)
