"""Takes the screenshots of docs/dashboard.md.

usage: dashboard_screenshots.py <viseme> <folder of results> <folder for the pictures>
Wants selenium and chromedriver. The study lr_grid has to be there.
"""

import json
import os
import shutil
import subprocess
import sys
import time

from selenium import webdriver

SIZES = {"": (1280, 800), "_phone": (390, 844), "_large": (2560, 1440)}
# Of these, the large size shows nothing more.
SMALL = ["list", "run", "comparison", "effects", "curves"]


def main():
    viseme, results, target = sys.argv[1:]
    runs = [run["id"] for run in json.loads(subprocess.run([viseme, "status", results + "/lr_grid", "--json"], capture_output=True, text=True, check=True).stdout)["runs"]]
    views = {
        "list": "/",
        "results": "/s/lr_grid",
        "curves": "/s/lr_grid#tab=curves",
        "effects": "/s/lr_grid#tab=effects",
        "run": f"/s/lr_grid#tab=run&run={runs[6]}",
        "comparison": f"/s/lr_grid#tab=compare&compare={runs[6]},{runs[9]},{runs[12]}",
    }
    server = subprocess.Popen([viseme, "dashboard", results], stdout=subprocess.PIPE, text=True)
    address = server.stdout.readline().split("dashboard: ")[1].strip()
    options = webdriver.ChromeOptions()
    for option in ["--headless=new", "--no-sandbox", "--hide-scrollbars"]:
        options.add_argument(option)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        os.makedirs(target, exist_ok=True)
        for size, (width, height) in SIZES.items():
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
            driver.get(address)
            for name, path in views.items():
                driver.get("about:blank")
                driver.get(address.split("/?")[0] + path)
                time.sleep(1)
                if size != "_large" or name not in SMALL or os.environ.get("ALL_SIZES"):
                    driver.save_screenshot(os.path.join(target, f"{name}{size}.png"))
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        driver.get(address.split("/?")[0] + "/s/lr_grid")
        time.sleep(1)
        driver.save_screenshot(os.path.join(target, "results_dark.png"))
    finally:
        driver.quit()
        server.terminate()


main()
