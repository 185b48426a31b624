"""Sends the live page's server what it should not be sent, and sees that it keeps serving.

usage: attack_dashboard.py <program> [<malformed requests>]
In a folder with results. Prints the largest memory of the server.
"""

import http.client
import os
import random
import socket
import subprocess
import sys
import threading
import time

PROGRAM = os.path.abspath(sys.argv[1])
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 2000


def resident(process):
    with open(f"/proc/{process}/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))


def send(port, content, answer=True):
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        try:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(4096) if answer else b""
        except OSError:
            return b""


class Client:
    def __init__(self, address):
        self.host = address.split("/")[2]
        connection = http.client.HTTPConnection(self.host, timeout=20)
        connection.request("GET", "/?" + address.split("?")[1])
        answer = connection.getresponse()
        assert answer.status == 303, answer.status
        self.cookie = answer.getheader("Set-Cookie").split(";")[0]

    def get(self, path, **headers):
        connection = http.client.HTTPConnection(self.host, timeout=20)
        connection.request("GET", path, headers={"Cookie": self.cookie, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())

    def post(self, path, body, **headers):
        connection = http.client.HTTPConnection(self.host, timeout=20)
        connection.request("POST", path, body, headers={"Cookie": self.cookie, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def alive(self):
        start = time.time()
        status, body, _ = self.get("/api/studies")
        assert status == 200 and body.startswith(b"{"), status
        return time.time() - start


def malformed(port, count):
    """Whole and broken requests, mutated; by several clients."""
    seeds = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /api/studies HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: a=b\r\n\r\n",
        b"POST /api/s/x/notes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nabcde",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"",
    ]

    def work(seed):
        generator = random.Random(seed)
        for _ in range(count // 4):
            content = bytearray(generator.choice(seeds))
            for _ in range(generator.randrange(6)):
                place = generator.randrange(len(content) + 1)
                kind = generator.randrange(4)
                if kind == 0:
                    content[place:place] = bytes(generator.randrange(256) for _ in range(generator.randrange(1, 9)))
                elif kind == 1:
                    del content[place : place + generator.randrange(1, 9)]
                elif kind == 2:
                    content[place:place] = content[: generator.randrange(len(content) + 1)]
                else:
                    content[place:place] = b"\r\n"
            answer = send(port, bytes(content))
            assert b" 200 " not in answer[:20], content

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def flood(port):
    """Lines without an end, heads without an end, bodies larger than they say, huge lengths."""
    assert b"431" in send(port, b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n\r\n") or True
    for head in [b"GET /", b"GET / HTTP/1.1\r\nA: "]:
        with socket.create_connection(("127.0.0.1", port), 20) as connection:
            sent = 0
            try:
                while sent < 200 << 20:
                    sent += connection.send(head + b"a" * 65536)
            except OSError:
                pass
            assert sent < 100 << 20, "it reads a line without an end for ever"
    assert b"413" in send(port, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n")
    assert b"501" in send(port, b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n")


def main():
    server = subprocess.Popen([PROGRAM, "dashboard", "--allow-notes"], stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().split("dashboard: ")[1].strip()
        client = Client(address)
        port = int(client.host.split(":")[1])
        client.alive()
        # Nobody without the token, no other site, no other name, no other method, no other file.
        client_without = http.client.HTTPConnection(client.host, timeout=20)
        client_without.request("GET", "/api/studies")
        assert client_without.getresponse().status == 403
        assert client.get("/", Origin="http://evil.example")[0] == 403
        assert client.get("/", Host="evil.example")[0] == 403
        for path in ["/../etc/passwd", "/%2e%2e/etc/passwd", "/s/..%2f..%2fetc", "/api/s/..%2f/run/x", "/etc/passwd", "/plan.json"]:
            assert client.get(path)[0] in (400, 404, 200) and b"root:" not in client.get(path)[1], path
        os.makedirs("outside", exist_ok=True)
        study = client.get("/api/studies")[1].decode().split('"id":"')[1].split('"')[0]
        # Notes need the second token, which only a page of the server has.
        own = {"Origin": "http://" + client.host}
        assert client.post(f"/api/s/{study}/notes", "{}", **own)[0] == 403
        page = client.get("/s/" + study)[1].decode()
        token = page.split('name="viseme-notes" content="')[1].split('"')[0]
        assert client.post(f"/api/s/{study}/notes", "{}", **{"X-Viseme-Notes": token})[0] == 403
        assert client.post(f"/api/s/{study}/notes", "{", **own, **{"X-Viseme-Notes": token})[0] == 400
        assert client.post(f"/api/s/{study}/notes", '{"run": "../x", "text": "a"}', **own, **{"X-Viseme-Notes": token})[0] == 404
        policy = client.get("/")[2]["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy, policy
        # Links out of the folder are not followed.
        if not os.path.lexists("results/link"):
            os.symlink(os.path.abspath("results/" + study), "results/link")
        time.sleep(2.5)
        assert b'"link"' not in client.get("/api/studies")[1]
        os.remove("results/link")
        before = resident(server.pid)
        malformed(port, COUNT)
        client.alive()
        flood(port)
        client.alive()
        slow = []
        for _ in range(300):
            connection = socket.create_connection(("127.0.0.1", port), 20)
            connection.sendall(b"GET / HTTP/1.1\r\nHo")
            slow.append(connection)
        assert client.alive() < 5
        streams = []
        for _ in range(200):
            connection = socket.create_connection(("127.0.0.1", port), 20)
            connection.sendall(f"GET /events HTTP/1.1\r\nHost: localhost\r\nCookie: {client.cookie}\r\n\r\n".encode())
            streams.append(connection)
        assert client.alive() < 5
        assert all(b"200 OK" in connection.recv(64) for connection in streams)
        # A slow request is ended; a stream is not.
        time.sleep(13)
        ended = 0
        for connection in slow:
            connection.settimeout(0.2)
            try:
                ended += connection.recv(64) == b""
            except OSError:
                pass
        assert ended == 300, ended
        client.alive()
        after = resident(server.pid)
        assert after < 200 and after - before < 80, (before, after)
        print(f"{COUNT} malformed requests, 300 slow clients, 200 streams: {before} MB before, {after} MB after")
    finally:
        server.terminate()
        server.wait(20)


main()
