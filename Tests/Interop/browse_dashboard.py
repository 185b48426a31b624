"""Uses the live page in a real Chromium, as a person would, while a sweep runs.

usage: browse_dashboard.py <program> [<folder for screenshots>]
In an empty folder. Ends with an assertion where the page does something else than it should.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time

import h5py
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PROGRAM = os.path.abspath(sys.argv[1])
SHOTS = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
HOSTILE = '<img src=x onerror="document.title=1234567">'
RECIPE = f"""
question: Which '{HOSTILE}' is it?
trainer: {{command: [sh, train.sh, "{{lr}}", "{{seed}}", "{{kind}}"]}}
sweep: {{lr: [0.1, 0.01, 0.001], kind: [plain, '{HOSTILE}'], seed: [1, 2]}}
metric: {{name: loss, goal: minimize}}
"""
TRAIN = """
[ "$1" = 0.001 ] && [ "$2" = 2 ] && { echo "no <b>data</b> here"; exit 3; }
for e in 1 2 3 4 5 6 7 8; do
    sleep 0.1
    # The page has its time, however loaded the machine is.
    while [ $e = 4 ] && [ ! -e "$VISEME_RECIPE_FOLDER/go" ]; do sleep 0.1; done
    awk -v e=$e -v l="$1" -v s="$2" \\
        'BEGIN{printf "{\\"epoch\\": %d, \\"loss\\": %.6f, \\"accuracy\\": %.6f}\\n", e, 1/e+l*s+e*l, 1-1/e-l}' \\
        >> "$VISEME_METRICS"
done
"""


def wait(what, test, seconds=60):
    """Until test() gives something; the page draws a little later."""
    end = time.time() + seconds
    while True:
        found = test()
        if found:
            return found
        assert time.time() < end, f"waited {seconds} s for {what}"
        time.sleep(0.05)


class Server:
    def __init__(self, *options):
        self.process = subprocess.Popen([PROGRAM, "dashboard", *options], stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().split("dashboard: ")[1].strip()
        self.base = self.address.split("/?")[0]
        self.port = self.base.rsplit(":", 1)[1]

    def end(self):
        self.process.terminate()
        assert self.process.wait(20) is not None


def browser(width=1280, height=900, scripts=True):
    options = webdriver.ChromeOptions()
    for option in ["--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={width},{height}"]:
        options.add_argument(option)
    if os.environ.get("CHROMIUM"):
        options.binary_location = os.environ["CHROMIUM"]
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    resize(driver, width, height)
    return driver


def resize(driver, width, height):
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})


def dark(driver, isDark):
    value = "dark" if isDark else "light"
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": value}]})


def rows(driver):
    """The rows that are shown: lists of texts, from top to bottom."""
    return driver.execute_script(
        "return [...document.querySelectorAll('.grid .row')].sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top))"
        ".map((row) => [row.dataset.key, ...[...row.children].slice(1).map((cell) => cell.textContent)])"
    )


def text(driver, selector):
    return driver.execute_script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)


def keys(driver, *pressed):
    ActionChains(driver).send_keys(*pressed).perform()


def visit(driver, address):
    """Loads a page, also where only the part after # differs."""
    driver.get("about:blank")
    driver.get(address)


def click(driver, by, what, at=0):
    """Clicks, again where the page has drawn the place anew meanwhile."""

    def clicked():
        try:
            found = driver.find_elements(by, what)
            if len(found) > at:
                found[at].click()
                return True
        except StaleElementReferenceException:
            pass
        return False

    wait(f"{what} to click", clicked)


def hover(driver, what, right=0, down=0):
    """Moves the pointer onto a place, again where the page has drawn the place anew meanwhile."""

    def moved():
        try:
            place = driver.find_element(By.CSS_SELECTOR, what)
            ActionChains(driver).move_to_element_with_offset(place, right, down).perform()
            return True
        except StaleElementReferenceException:
            return False

    wait(f"{what} to point at", moved)


def show(driver, name):
    if SHOTS:
        time.sleep(0.4)
        driver.save_screenshot(os.path.join(SHOTS, name + ".png"))


def complaints(driver, also=()):
    """Messages of the console, but those that are expected while there is no network."""
    found = [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    return [message for message in found if not any(word in message for word in also)]


def hosts(driver):
    """Where requests went."""
    found = set()
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if url.startswith("http"):
                found.add(url.split("/")[2])
    return found


def live_sweep(driver, server):
    """The page is open before the study is; nothing is loaded again."""
    driver.get(server.address)
    wait("an empty list", lambda: "no study yet" in text(driver, "#app"))
    driver.execute_script("window.mark = 1")
    sweep = subprocess.Popen([PROGRAM, "sweep", "r.yaml", "--keep-going", "--jobs", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait("the study in the list", lambda: driver.find_elements(By.LINK_TEXT, "r"))
    assert driver.execute_script("return window.mark") == 1
    click(driver, By.LINK_TEXT, "r")
    wait("the table", lambda: len(rows(driver)) == 6)
    driver.execute_script("window.mark = 2")
    click(driver, By.XPATH, "//button[text()='Runs']")
    wait("all runs", lambda: len(rows(driver)) == 12)
    wait("an epoch", lambda: any("2/" in cell or "3/" in cell or cell == "running" for row in rows(driver) for cell in row))
    # Sorted by value, rows would move as values come: not under the pointer.
    click(driver, By.XPATH, "//button[contains(text(), 'best loss')]")
    time.sleep(0.3)
    hover(driver, ".grid .body")
    time.sleep(0.2)
    before = [row[0] for row in rows(driver)]
    progress = text(driver, ".facts")
    open("go", "w").close()
    wait("news while the pointer is on the table", lambda: text(driver, ".facts") != progress)
    assert [row[0] for row in rows(driver)] == before, "rows moved under the pointer"
    hover(driver, "h1")
    show(driver, "live")
    assert sweep.wait(120) == 1
    wait("the end", lambda: "10 of 12 runs stored" in text(driver, ".facts"), 30)
    assert "2 failed" in text(driver, ".facts"), text(driver, ".facts")
    assert driver.execute_script("return window.mark") == 2, "the page was loaded again"


def numbers_are_those_of_the_file(driver, server):
    visit(driver, server.base + "/s/r#by=runs")
    wait("the table", lambda: len(rows(driver)) == 12)
    with h5py.File("results/r/sweep.h5") as file:
        stored = dict(zip(file["run_id"].asstr()[:], file["best_value"][:]))
    heads = driver.execute_script("return [...document.querySelectorAll('.grid .head button')].map((b) => b.textContent.replace(/ [↑↓]/, ''))")
    at = 1 + heads.index("best loss")
    seen = 0
    for row in rows(driver):
        if row[1 + heads.index("state")] != "completed":
            continue
        value = stored[row[0]]
        assert row[at] == f"{value:.4f}", (row, value)
        seen += 1
    assert seen == 10, seen
    means = json.loads(subprocess.run([PROGRAM, "list", "--json"], capture_output=True, text=True, check=True).stdout)[0]
    assert f"{means['mean']:.4f}" in text(driver, ".facts")


def views(driver, server):
    visit(driver, server.base + "/s/r")
    wait("the table", lambda: len(rows(driver)) == 6)
    wait("the chart", lambda: driver.find_elements(By.CSS_SELECTOR, "#mainchart svg path"))
    show(driver, "results")
    assert driver.title != "1234567" and HOSTILE in text(driver, ".question")
    assert not driver.find_elements(By.CSS_SELECTOR, "img[src=x]")
    # The line and its row are marked together.
    hover(driver, "#mainchart svg", 100, 20)
    wait("a tip", lambda: "epoch" in text(driver, ".tip"))
    assert driver.find_elements(By.CSS_SELECTOR, ".grid .row.hover")
    # Select two trials, and compare.
    for at in range(2):
        click(driver, By.CSS_SELECTOR, ".grid .row input", at)
    click(driver, By.XPATH, "//button[text()='compare 2']")
    wait("the comparison", lambda: "2 runs side by side" in text(driver, "#app"))
    differing = driver.execute_script("return [...document.querySelectorAll('tr.differs td:first-child')].map((cell) => cell.textContent)")
    assert set(differing) & {"lr", "kind"}, differing
    show(driver, "comparison")
    for name, selector in [("curves", "#charts svg"), ("effects", ".figures img"), ("failures", "pre")]:
        click(driver, By.ID, f"tab-{name}")
        wait(name, lambda: driver.find_elements(By.CSS_SELECTOR, selector))
        show(driver, name)
    assert "no <b>data</b> here" in text(driver, "pre") and "2 runs: " in text(driver, "h2")
    click(driver, By.ID, "tab-effects")
    wait("figures", lambda: driver.execute_script(
        "const all = [...document.querySelectorAll('.figures img')]; return all.length > 1 && all.every((one) => one.complete && one.naturalWidth > 0)"))
    # A range of an axis filters the table.
    axis = driver.find_elements(By.CSS_SELECTOR, "svg rect[fill=transparent]")[0]
    ActionChains(driver).move_to_element_with_offset(axis, 0, -20).click_and_hold().move_by_offset(0, 60).release().perform()
    wait("fewer trials", lambda: 0 < len(rows(driver)) < 6)
    assert "brush=" in driver.current_url
    visit(driver, server.base + "/s/r#by=runs&filter=" + "lr%3D0.1%20%26%20seed%3D1&sort=-best")
    driver.refresh()
    wait("the filtered table", lambda: len(rows(driver)) == 2)
    assert driver.find_element(By.ID, "filter").get_attribute("value") == "lr=0.1 & seed=1"
    click(driver, By.CSS_SELECTOR, ".grid .row", 0)
    wait("the run", lambda: "Settings" in text(driver, "#app") and driver.find_elements(By.CSS_SELECTOR, ".chart svg"))
    show(driver, "run")
    address = driver.current_url
    driver.refresh()
    wait("the same run", lambda: "Provenance" in text(driver, "#app"))
    assert driver.current_url == address
    # A filter that is wrong says why, and shows all.
    visit(driver, server.base + "/s/r#by=runs")
    wait("the table", lambda: len(rows(driver)) == 12)
    field = driver.find_element(By.ID, "filter")
    field.send_keys("lrr>3")
    wait("a reason", lambda: "there is no lrr" in text(driver, "#gridnote"))
    for expression, count in [("state=failed", 2), ("lr<=0.01 & !state=failed", 6), ("(lr=0.1 | lr=0.01) kind=plain", 4), ("plain", 6), ("reason~status", 2)]:
        field.clear()
        field.send_keys(expression)
        wait(expression, lambda: len(rows(driver)) == count)


def keyboard(driver, server):
    visit(driver, server.base + "/s/r#by=runs")
    wait("the table", lambda: len(rows(driver)) == 12)
    keys(driver, "j", "j", "k", "j")
    wait("the cursor", lambda: driver.find_elements(By.CSS_SELECTOR, ".row.cursor"))
    keys(driver, Keys.ENTER)
    wait("the run", lambda: "tab=run" in driver.current_url and "Run 2" in text(driver, "#app"))
    keys(driver, Keys.ESCAPE)
    wait("the table", lambda: len(rows(driver)) == 12)
    keys(driver, "?")
    wait("help", lambda: "Filters" in text(driver, "dialog"))
    keys(driver, Keys.ESCAPE)
    wait("no help", lambda: not driver.find_elements(By.CSS_SELECTOR, "dialog"))
    keys(driver, "/")
    keys(driver, "lr=0.1")
    wait("the filter", lambda: len(rows(driver)) == 4)
    keys(driver, Keys.ESCAPE)
    keys(driver, Keys.ESCAPE)
    wait("all", lambda: len(rows(driver)) == 12)
    keys(driver, "2")
    wait("curves", lambda: driver.find_elements(By.CSS_SELECTOR, "#charts svg"))
    # All that can be clicked has a name, and the tab key reaches it.
    unnamed = driver.execute_script(
        "return [...document.querySelectorAll('button, a, input, select, svg[role=img], img')].filter((node) =>"
        " !(node.textContent || node.getAttribute('aria-label') || node.alt || node.closest('label'))).length")
    assert unnamed == 0, unnamed


def looks(driver, server):
    dark(driver, True)
    visit(driver, server.base + "/s/r")
    wait("the table", lambda: len(rows(driver)) == 6)
    ground = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", ground)[:3]) < 60, ground
    show(driver, "dark")
    dark(driver, False)
    for width, height, name in [(390, 844, "phone"), (3840, 2160, "4k")]:
        resize(driver, width, height)
        for view in ["/", "/s/r", "/s/r#tab=curves", "/s/r#tab=effects", "/s/r#tab=failures", "/s/r#tab=run&run=" + rows_of_plan()[0]]:
            visit(driver, server.base + view)
            wait("the page", lambda: driver.find_elements(By.TAG_NAME, "h1"))
            time.sleep(0.5)
            wide = driver.execute_script("return document.scrollingElement.scrollWidth")
            assert wide <= width, f"{view} is {wide} pixels wide at {width}"
            if view == "/s/r":
                show(driver, name)
    resize(driver, 1280, 900)


def rows_of_plan():
    status = json.loads(subprocess.run([PROGRAM, "status", "results/r", "--json"], capture_output=True, text=True, check=True).stdout)
    return [run["id"] for run in status["runs"]]


def cut_and_back(driver, server):
    """Without the network, and with a server that starts anew, the page catches up by itself."""
    visit(driver, server.base + "/s/r#by=runs")
    wait("the table", lambda: len(rows(driver)) == 12)
    driver.execute_script("window.mark = 3")
    driver.execute_cdp_cmd("Network.enable", {})
    server.end()
    wait("a word about it", lambda: "not connected" in text(driver, "#live"))
    subprocess.run([PROGRAM, "note", "results/r:1", "while it was away"], check=True)
    server = Server("--allow-notes", "--port", server.port)
    wait("the connection", lambda: text(driver, "#live") == "live", 30)
    wait("the note", lambda: any("while it was away" in cell for row in rows(driver) for cell in row))
    assert driver.execute_script("return window.mark") == 3
    return server


def notes(driver, server):
    run = rows_of_plan()[1]
    visit(driver, server.base + "/s/r#tab=run&run=" + run)
    field = wait("the form", lambda: driver.find_elements(By.CSS_SELECTOR, "textarea"))[0]
    field.send_keys("looks <odd>")
    driver.find_element(By.CSS_SELECTOR, "input[aria-label=tags]").send_keys("good check/1")
    click(driver, By.XPATH, "//button[text()='save']")
    wait("an answer", lambda: "saved" in text(driver, "section .bar"))
    answer = subprocess.run([PROGRAM, "note", "results/r:2"], capture_output=True, text=True, check=True).stdout
    assert answer.strip() == "#good #check/1 looks <odd>", answer
    visit(driver, server.base + "/s/r#by=runs&filter=tag%3Dgood")
    wait("the tagged run", lambda: len(rows(driver)) == 1)
    # Tabs share one stream: a browser allows six connections to a host.
    first = driver.current_window_handle
    for _ in range(8):
        driver.switch_to.new_window("tab")
        visit(driver, server.base + "/s/r#by=runs")
        wait("the table in a tab", lambda: len(rows(driver)) == 12)
    subprocess.run([PROGRAM, "tag", "results/r:3", "seen"], check=True)
    for handle in driver.window_handles:
        driver.switch_to.window(handle)
        if handle != first:
            wait("the tag in each tab", lambda: any("#seen" in cell for row in rows(driver) for cell in row))
            driver.close()
    driver.switch_to.window(first)


def saved_page(driver):
    subprocess.run([PROGRAM, "dashboard", "--export", "pages"], check=True, stdout=subprocess.DEVNULL)
    driver.get("file://" + os.path.abspath("pages/r.html"))
    wait("the table", lambda: len(rows(driver)) == 6)
    field = driver.find_element(By.ID, "filter")
    field.send_keys("lr=0.1")
    wait("the filter", lambda: len(rows(driver)) == 2)
    click(driver, By.XPATH, "//button[contains(text(), 'last')]")
    assert "sort=last" in driver.current_url
    hover(driver, "#mainchart svg")
    wait("a tip", lambda: "epoch" in text(driver, ".tip"))
    for name, selector in [("curves", "#charts svg"), ("effects", ".figures img")]:
        click(driver, By.ID, f"tab-{name}")
        wait(name, lambda: driver.find_elements(By.CSS_SELECTOR, selector))
    page = open("pages/r.html", encoding="utf-8").read()
    assert HOSTILE not in page.split("<script>")[0].split("</style>")[1]


def without_scripts(server):
    driver = browser(scripts=False)
    driver.get(server.address)
    click(driver, By.LINK_TEXT, "All studies as plain pages")
    click(driver, By.LINK_TEXT, "r")
    assert driver.find_elements(By.TAG_NAME, "table") and driver.find_elements(By.CSS_SELECTOR, "figure svg")
    show(driver, "plain")
    found = complaints(driver)
    driver.quit()
    assert not found, found


def main():
    open("r.yaml", "w").write(RECIPE)
    open("train.sh", "w").write(TRAIN)
    os.mkdir("results")
    server = Server("--allow-notes")
    driver = None
    try:
        driver = browser()
        live_sweep(driver, server)
        numbers_are_those_of_the_file(driver, server)
        views(driver, server)
        keyboard(driver, server)
        looks(driver, server)
        notes(driver, server)
        assert not (found := complaints(driver)), found
        server = cut_and_back(driver, server)
        complaints(driver)
        driver.get("about:blank")
        assert hosts(driver) <= {f"127.0.0.1:{server.port}"}
        saved_page(driver)
        assert hosts(driver) == set()
        assert not (found := complaints(driver)), found
        without_scripts(server)
    finally:
        server.process.terminate()
        if driver:
            driver.quit()
    print("the page does what it should")


main()
