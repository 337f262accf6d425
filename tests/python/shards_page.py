#!/usr/bin/env python3
"""The page of `zagg shards` in a headless Chromium. Prints one JSON object.

    shards_page.py FILE.html LABEL [GRANULE] [--pictures FOLDER]

Finds the shard of that label, chooses its neighbour by the keyboard, finds a granule, sorts the table, and has axe look at
the page, light and dark, wide and as wide as a phone.
"""

import argparse
import json
import pathlib
import sys

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
         "--disable-sync"]
SERIOUS = {"serious", "critical"}


def looked_at(page, arguments, answer, name):
    page.goto(arguments.file.resolve().as_uri())
    page.wait_for_selector("#rows tr")
    found = Axe().run(page)
    for violation in found.response["violations"]:
        if violation["impact"] in SERIOUS:
            answer["serious"].append(f"{name}: {violation['id']}: {violation['nodes'][0]['html'][:120]}")
    answer["wider_than_screen"] += page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
    if arguments.pictures:
        page.screenshot(path=arguments.pictures / f"{arguments.file.stem}-{name}.png", full_page=name == "phone")


def walked(page, arguments, answer):
    page.goto(arguments.file.resolve().as_uri())
    answer["summary"] = page.inner_text("#summary")
    answer["notes"] = page.inner_text("#notes")
    page.fill("#query", arguments.label)
    page.keyboard.press("Enter")
    answer["found"] = page.inner_text("#shard")
    answer["described"] = page.get_attribute("#map", "aria-label")
    # The shard is in the middle of the map, or near enough to be under the pointer.
    box = page.locator("#map").bounding_box()
    at = page.evaluate("""() => { const [w, h] = size(), [x, y] = middles[picked];
        return [w / 2 + (x - view.x) * view.scale, h / 2 - (y - view.y) * view.scale]; }""")
    page.mouse.move(box["x"] + at[0], box["y"] + at[1])
    page.wait_for_timeout(100)
    answer["tip"] = page.inner_text("#tip") if page.locator("#tip").is_visible() else ""
    if arguments.pictures:
        page.screenshot(path=arguments.pictures / f"{arguments.file.stem}-found.png")
    page.focus("#map")
    moves = []
    for key in ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "+", "-", "0"]:
        page.keyboard.press(key)
        moves.append(page.evaluate("picked"))
    answer["moves"] = len(set(moves))
    if arguments.granule:
        page.fill("#query", arguments.granule)
        page.keyboard.press("Enter")
        answer["granule"] = page.inner_text("#found")
    page.fill("#query", "no such name")
    page.keyboard.press("Enter")
    answer["nothing"] = page.inner_text("#found")
    answer["colours"] = page.locator("#colour option").all_inner_texts()
    head = page.locator("#head button", has_text="Granules")
    head.click()
    answer["most"] = page.locator("#rows tr").first.locator("td").all_inner_texts()
    answer["sorted"] = page.locator("#head th[aria-sort]").get_attribute("aria-sort")
    answer["rows"] = page.locator("#rows tr").count()
    page.locator("#rows button").first.click()
    answer["by_table"] = page.inner_text("#shard h2")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("label")
    parser.add_argument("granule", nargs="?")
    parser.add_argument("--pictures", type=pathlib.Path)
    # A southern label begins with a minus.
    arguments = parser.parse_args(sys.argv[1:] if "--" in sys.argv else ["--", *sys.argv[1:]])
    answer = {"errors": [], "fetched": [], "serious": [], "wider_than_screen": 0}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for name, scheme, size in [("light", "light", (1280, 860)), ("dark", "dark", (1280, 860)), ("phone", "light", (390, 844))]:
            context = browser.new_context(color_scheme=scheme, viewport={"width": size[0], "height": size[1]})
            page = context.new_page()
            page.on("console", lambda message: message.type in ("error", "warning") and answer["errors"].append(message.text))
            page.on("pageerror", lambda error: answer["errors"].append(str(error)))
            page.on("request", lambda request: request.url.split(":")[0] not in ("file", "data", "blob")
                    and answer["fetched"].append(request.url))
            looked_at(page, arguments, answer, name)
            if name == "light":
                walked(page, arguments, answer)
            context.close()
        browser.close()
    json.dump(answer, sys.stdout)


main()
