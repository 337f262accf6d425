#!/usr/bin/env python3
"""Drive the page of `zagg view` in headless Chromium, and print what was seen as one JSON object.

    view.py still URL CELL.json [--shots FOLDER]
    view.py live URL SIGNS [--shots FOLDER]

`still` works over a finished store: CELL.json holds `x` and `y` of a cell in the plane that the page begins with, `field`,
and `shard`. `live` watches a run from before there is a store until the page says that it has ended; it makes the files `waiting`
and `produced` in the folder SIGNS when it has seen that there is no store, and that no shard is done. Every run prints `errors` (the console's errors and
the page's exceptions), `outside` (requests to others than the server) and `axe` (serious and critical findings of the
accessibility checker, by look). Chromium is `ZAGG_CHROMIUM`, else /usr/bin/chromium.
"""

import argparse
import json
import os
import pathlib
import re
import time
import urllib.parse

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The machine may be busy with other tests.
PATIENCE_MS = 120_000


class Browser:
    """A page in a browser that remembers what went wrong and what was fetched."""

    def __init__(self, playwright, url, shots):
        program = os.environ.get("ZAGG_CHROMIUM", "/usr/bin/chromium")
        self.browser = playwright.chromium.launch(executable_path=program, args=FLAGS, timeout=PATIENCE_MS)
        self.url, self.shots = url, shots
        self.errors, self.outside, self.axe, self.requests = [], [], {}, []

    def open(self, width=1280, height=800, scheme="light", touch=False):
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", has_touch=touch
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self.asked)
        page.goto(self.url)
        return page

    def asked(self, request):
        self.requests.append(request.url)
        own = urllib.parse.urlsplit(self.url).netloc
        if urllib.parse.urlsplit(request.url).netloc != own:
            self.outside.append(request.url)

    def check(self, page, look):
        """What the accessibility checker says of the page as it is."""
        found = Axe().run(page).response["violations"]
        self.axe[look] = [
            f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:3]}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    def shoot(self, page, name):
        if self.shots:
            page.screenshot(path=str(pathlib.Path(self.shots) / f"{name}.png"))

    def told(self):
        return {"errors": self.errors, "outside": self.outside, "axe": self.axe}


def wait(page, expression):
    """Waits until something is so. (Playwright's own way evaluates text in the page, which the page does not allow.)"""
    begun = time.monotonic()
    while not page.evaluate(expression):
        if time.monotonic() - begun > PATIENCE_MS / 1000:
            raise TimeoutError(f"waited in vain until {expression}")
        page.wait_for_timeout(50)


def settled(page):
    """Waits until the tiles in view are painted: nothing has been under way for a while."""
    wait(page, "document.getElementById('ramp-least').textContent !== ''")
    calm = 0
    while calm < 4:
        page.wait_for_timeout(100)
        calm = 0 if page.get_attribute("#map", "aria-busy") == "true" else calm + 1


def colours(page):
    """How many different colours the middle of the map has: a picture of nothing has few."""
    return page.evaluate(
        """() => {
          const map = document.getElementById('map');
          const image = map.getContext('2d').getImageData(0, 0, map.width, map.height).data;
          const found = new Set();
          for (let i = 0; i < image.length; i += 4) found.add((image[i] << 16) | (image[i + 1] << 8) | image[i + 2]);
          return found.size;
        }"""
    )


def middle(page):
    box = page.locator("#map").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def still(browser, cell):
    page = browser.open()
    settled(page)
    told = {"title": page.title(), "place": page.inner_text("#place")}
    browser.shoot(page, "light")
    browser.check(page, "light")
    told["colours"] = colours(page)

    # Another field.
    page.select_option("#field", cell["field"])
    settled(page)
    told["legend"] = page.inner_text("#legend-name")

    # Another range changes the picture and asks for no tile.
    before = page.locator("#map").screenshot()
    tiles = sum("/tiles/" in url for url in browser.requests)
    page.fill("#least", "0")
    page.fill("#greatest", "1")
    page.press("#greatest", "Enter")
    wait(page, "document.getElementById('ramp-greatest').textContent === '1'")
    page.wait_for_timeout(200)
    told["range"] = {
        "preset": page.input_value("#preset"),
        "changed": page.locator("#map").screenshot() != before,
        "tiles": sum("/tiles/" in url for url in browser.requests) - tiles,
    }
    page.select_option("#preset", "2,98")
    page.select_option("#colours", "cividis")

    # The mouse: zoom in on the cell, hover, click.
    told["hover"] = hover_over(page, cell)
    browser.shoot(page, "hover")
    px, py = at(page, cell)
    page.mouse.click(px, py)
    page.wait_for_selector("#values")
    page.wait_for_selector("#shard dl")
    settled(page)
    told["panel"] = {
        "name": page.inner_text("#panel-name"),
        "rows": {row.locator("th").inner_text(): row.locator("td").first.inner_text()
                 for row in page.locator("#values tbody tr").all()},
        "shard": page.inner_text("#shard h3 >> nth=0"),
        "facts": page.inner_text("#shard dl >> nth=0"),
        "granules": page.locator(".granules li").count(),
        "says": page.inner_text("#says"),
    }
    browser.shoot(page, "panel")
    browser.check(page, "panel")
    page.close()

    told["keyboard"] = by_keyboard(browser, cell)

    page = browser.open(scheme="dark")
    settled(page)
    told["dark"] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    browser.shoot(page, "dark")
    browser.check(page, "dark")
    page.select_option("#appearance", "light")
    told["toggled"] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.select_option("#projection", "mollweide")
    settled(page)
    browser.shoot(page, "mollweide")
    page.close()

    told["phone"] = on_a_phone(browser, cell)
    return told


def at(page, cell):
    """Where the cell is on the screen, by the page's own sums over what the server tells."""
    box = page.locator("#map").bounding_box()
    view = page.evaluate("document.getElementById('map').dataset.view").split(" ")
    x, y, scale = (float(part) for part in view)
    return (
        box["x"] + (cell["x"] - x) / scale + box["width"] / 2,
        box["y"] + (y - cell["y"]) / scale + box["height"] / 2,
    )


def hover_over(page, cell):
    """Zooms in on the cell with the wheel and reads what the tooltip says of it."""
    for _ in range(12):
        px, py = at(page, cell)
        page.mouse.move(px, py)
        page.mouse.wheel(0, -240)
        page.wait_for_timeout(60)
    settled(page)
    px, py = at(page, cell)
    page.mouse.move(px + 30, py)
    page.mouse.move(px, py)
    wait(page, "document.getElementById('tooltip').textContent.includes('shard')")
    return page.inner_text("#tooltip")


def by_keyboard(browser, cell):
    """The same without a mouse: moves the map with the arrows until the cell is in the middle, and selects it."""
    page = browser.open()
    settled(page)
    for _ in range(30):
        if page.evaluate("document.activeElement.id") == "map":
            break
        page.keyboard.press("Tab")
    told = {"reached": page.evaluate("document.activeElement.id")}
    for _ in range(16):
        towards(page, cell)
        page.keyboard.press("+")
    settled(page)
    # What was said on the way is of other cells.
    page.evaluate("document.getElementById('says').textContent = ''")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowLeft")
    wait(page, "document.getElementById('says').textContent.includes('shard')")
    settled(page)
    told["says"] = page.inner_text("#says")
    browser.shoot(page, "keyboard")
    page.keyboard.press("Enter")
    page.wait_for_selector("#values")
    told["name"] = page.inner_text("#panel-name")
    told["focus"] = page.evaluate("document.activeElement.id")
    page.keyboard.press("Escape")
    page.wait_for_selector("#panel", state="hidden")
    told["after"] = page.evaluate("document.activeElement.id")
    page.close()
    return told


def towards(page, cell):
    """Arrow keys until the cell is within a few pixels of the middle."""
    mx, my = middle(page)
    for key, other, axis in (("ArrowRight", "ArrowLeft", 0), ("ArrowDown", "ArrowUp", 1)):
        for _ in range(40):
            gap = at(page, cell)[axis] - (mx, my)[axis]
            if abs(gap) <= 5:
                break
            step = "" if abs(gap) > 60 else "Shift+"
            page.keyboard.press(step + (key if gap > 0 else other))


def on_a_phone(browser, cell):
    page = browser.open(width=390, height=780, touch=True)
    settled(page)
    browser.shoot(page, "phone")
    browser.check(page, "phone")
    page.click("#menu")
    browser.shoot(page, "phone-settings")
    browser.check(page, "phone with settings")
    shown = page.is_visible("#field")
    page.click("#menu")
    px, py = at(page, cell)
    page.touchscreen.tap(px, py)
    page.wait_for_selector("#panel h2")
    settled(page)
    browser.shoot(page, "phone-panel")
    browser.check(page, "phone with details")
    told = {
        "settings": shown,
        "wide": page.evaluate("document.documentElement.scrollWidth"),
        "panel": page.inner_text("#panel-name"),
    }
    page.close()
    return told


def live(browser, signs):
    page = browser.open()
    page.wait_for_selector("#waiting:not([hidden])")
    waiting = page.inner_text("#waiting")
    browser.check(page, "waiting")
    pathlib.Path(signs, "waiting").touch()
    wait(page, "document.getElementById('live-text').textContent.startsWith('0 of ')")
    wait(page, "document.getElementById('waiting').hidden")
    pathlib.Path(signs, "produced").touch()
    wait(page, "document.getElementById('live-name').textContent === 'Run in progress'")
    wait(page, "/^[1-9]/.test(document.getElementById('live-text').textContent)")
    first = page.inner_text("#live-text")
    pathlib.Path(signs, "first").touch()
    wait(page, "document.getElementById('tooltip') && document.getElementById('ramp-least').textContent !== ''")
    page.wait_for_timeout(500)
    browser.shoot(page, "running")
    wait(page, "document.getElementById('live-name').textContent.startsWith('Finished')")
    settled(page)
    browser.shoot(page, "finished")
    browser.check(page, "finished")
    text = page.inner_text("#live-text")
    red = page.evaluate(
        """() => {
          const map = document.getElementById('map');
          const wanted = getComputedStyle(document.documentElement).getPropertyValue('--failed').trim();
          const [r, g, b] = [1, 3, 5].map((at) => parseInt(wanted.slice(at, at + 2), 16));
          const image = map.getContext('2d').getImageData(0, 0, map.width, map.height).data;
          let found = 0;
          for (let i = 0; i < image.length; i += 4) {
            if (Math.abs(image[i] - r) + Math.abs(image[i + 1] - g) + Math.abs(image[i + 2] - b) < 12) found += 1;
          }
          return found;
        }"""
    )
    states = page.evaluate("async () => (await (await fetch('/shards.json?projection=polar-south')).json()).shards"
                           ".map(({label, state}) => [label, state])")
    return {
        "waiting": waiting,
        "first": int(re.match(r"[\d,]+", first).group().replace(",", "")),
        "name": page.inner_text("#live-name"),
        "text": text,
        "says": page.inner_text("#says"),
        "red": red,
        "colours": colours(page),
        "states": dict(states),
    }


parser = argparse.ArgumentParser()
parser.add_argument("what", choices=["still", "live"])
parser.add_argument("url")
parser.add_argument("cell", help="CELL.json, or SIGNS")
parser.add_argument("--shots")
typed = parser.parse_args()
if typed.shots:
    pathlib.Path(typed.shots).mkdir(parents=True, exist_ok=True)
with sync_playwright() as playwright:
    browser = Browser(playwright, typed.url, typed.shots)
    try:
        if typed.what == "still":
            told = still(browser, json.loads(pathlib.Path(typed.cell).read_text()))
        else:
            told = live(browser, typed.cell)
    finally:
        browser.browser.close()
print(json.dumps({**told, **browser.told()}))
