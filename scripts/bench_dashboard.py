"""Times the live page beside TensorBoard and aim, with the same runs.

usage: bench_dashboard.py <viseme> [--runs N] [--rounds N]
Wants selenium and chromedriver; tensorboard and aim where they are to be compared
(pip install selenium tensorboard aim h5py). For each: seconds from the start of the server to the first
curve (aim: to the first row of its table of runs, since it shows no curve unasked), seconds to it
when the page is loaded again, and the resident memory of the server and its children.
"""

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from selenium import webdriver


def free_port():
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def memory(process):
    """MB of a process and its children."""
    total, waiting = 0, [process]
    while waiting:
        one = waiting.pop()
        try:
            with open(f"/proc/{one}/status") as status:
                total += next((int(line.split()[1]) for line in status if line.startswith("VmRSS")), 0)
            with open(f"/proc/{one}/task/{one}/children") as children:
                waiting += [int(child) for child in children.read().split()]
        except OSError:
            pass
    return total / 1024


def browser():
    options = webdriver.ChromeOptions()
    for option in ["--headless=new", "--no-sandbox", "--window-size=1280,900"]:
        options.add_argument(option)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def until(test, seconds=180):
    end = time.time() + seconds
    while time.time() < end:
        if test():
            return True
        time.sleep(0.02)
    return False


def answers(address):
    try:
        urllib.request.urlopen(address, timeout=2)
        return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def write_aim(file):
    """The same runs, logged as aim's users do."""
    import aim
    import h5py

    repository = aim.Repo(".", init=True)
    with h5py.File(file) as study:
        names = [name for name in ["train_loss", "train_accuracy", "val_loss", "val_accuracy"] if name in study]
        values = {name: study[name][:] for name in names}
        keys = {name: study[name][:] for name in ["lr", "batch_size", "seed"] if name in study and study[name].ndim == 1}
    for at in range(len(values[names[0]])):
        run = aim.Run(repo=repository, system_tracking_interval=None, capture_terminal_logs=False)
        run["hparams"] = {name: float(column[at]) for name, column in keys.items()}
        for epoch in range(values[names[0]].shape[1]):
            for name in names:
                run.track(float(values[name][at, epoch]), name=name, step=epoch + 1, epoch=epoch + 1)
        run.close()


def measure(start, script):
    """`start` gives the server's process and a function that gives its page's address once it serves."""
    begun = time.time()
    server, address = start()
    driver = browser()
    try:
        page = address()
        shown = lambda: driver.execute_script("return " + script)
        driver.get(page)
        first = time.time() - begun if until(shown) else float("nan")
        driver.get("about:blank")
        again = time.time()
        driver.get(page)
        second = time.time() - again if until(shown) else float("nan")
        return first, second, memory(server.pid)
    finally:
        driver.quit()
        server.terminate()
        server.wait(30)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("viseme")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    viseme = os.path.abspath(options.viseme)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["XDG_STATE_HOME"] = folder
        os.mkdir("results")
        subprocess.run([viseme, "bench", "study", "results/big", "--runs", str(options.runs), "--epochs", "100"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([viseme, "export", "results/big", "--tensorboard", "events"], check=True)

        def ours():
            server = subprocess.Popen([viseme, "dashboard", "--port", str(free_port())], stdout=subprocess.PIPE, text=True)
            address = server.stdout.readline().split("dashboard: ")[1].strip()
            return server, lambda: address.replace("/?", "/s/big?")

        def tensorboard():
            port = free_port()
            server = subprocess.Popen([sys.executable, "-m", "tensorboard.main", "--logdir", "events", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            until(lambda: answers(f"http://127.0.0.1:{port}/"))
            return server, lambda: f"http://127.0.0.1:{port}/#timeseries"

        def aim():
            port = free_port()
            program = os.path.join(os.path.dirname(sys.executable), "aim")
            server = subprocess.Popen([program, "up", "--host", "127.0.0.1", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            until(lambda: answers(f"http://127.0.0.1:{port}/"))
            return server, lambda: f"http://127.0.0.1:{port}/runs"

        tools = [("viseme dashboard", ours, "document.querySelectorAll('#mainchart svg path').length > 0")]
        if importlib.util.find_spec("tensorboard"):
            tools.append(("TensorBoard", tensorboard, "document.querySelectorAll('card-view line-chart').length > 0"))
        if importlib.util.find_spec("aim"):
            write_aim("results/big/sweep.h5")
            tools.append(("aim", aim, "document.querySelectorAll('.Table__cell, .Table__row, [class*=Table__cell]').length > 20"))
        rows = []
        for name, start, script in tools:
            found = [measure(start, script) for _ in range(options.rounds)]
            rows.append((name, *(statistics.median(column) for column in zip(*found))))
        print(f"{options.runs} runs of 100 epochs, medians of {options.rounds}")
        print("| | first curve, from the start of the server (s) | loaded again (s) | memory of the server (MB) |")
        print("|---|--:|--:|--:|")
        for name, first, second, size in rows:
            print(f"| {name} | {first:.2f} | {second:.2f} | {size:.0f} |")


main()
