#!/usr/bin/env python3
"""Opens a report of three checkpoints in Chromium and fails on what a reader would stumble over.

    python3 scripts/report_page.py IFEVAL_FOLDER --out FOLDER [--heedful PROGRAM] [--more NAME=PATH]

IFEVAL_FOLDER holds `input_data.jsonl` and `input_data_gpt4_20231107_145030.jsonl`, the published
prompts and responses: run A. B and C are A with some responses spoilt or mended, by a seed. The
page is opened from its file, without a network. Fails on a message of the console's, on a page over
3 MB or not interactive within a second, on a key that does not do what the page says. Writes a
screenshot of each section in both themes, and `figures.json`. Needs Chromium, its driver, and the
package selenium.
"""

import argparse
import base64
import json
import pathlib
import random
import subprocess
import sys
import time

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

NAMES = ["rl-step-000000", "rl-step-000100", "rl-step-000200"]
MOST_BYTES, MOST_SECONDS = 3_000_000, 1.0


def spoilt(rows, seed, share):
    """Some responses cut, in capitals, without their commas, or with other words."""
    chance = random.Random(seed)
    for row in rows:
        text = row["response"]
        if chance.random() < share:
            text = chance.choice([
                lambda: text[: len(text) // 2],
                lambda: text.upper(),
                lambda: text.lower().replace(",", ""),
                lambda: text.replace("the ", "a ").replace(".", ", and so on."),
            ])()
        yield {**row, "response": text}


def scores(program, folder, out):
    """Artifacts of the three runs."""
    prompts = folder / "input_data.jsonl"
    lines = (folder / "input_data_gpt4_20231107_145030.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    made = []
    for seed, (name, share) in enumerate(zip(NAMES, [0.0, 0.25, 0.4])):
        responses = out / f"{name}.jsonl"
        told = (json.dumps(row) + "\n" for row in spoilt(rows, seed, share))
        responses.write_text("".join(told))
        command = [program, "eval", "ifeval", "--prompts", prompts, "--responses", responses,
                   "--name", name, "--out", out / "scores", "--json"]
        made.append(json.loads(subprocess.check_output(command))["path"])
    return made


def rewards(path):
    """A training whose reward rises."""
    chance = random.Random(7)
    steps = ({"step": at, "reward": 0.45 + at / 500 + chance.uniform(-0.03, 0.03)}
             for at in range(0, 201, 5))
    path.write_text("".join(json.dumps(step) + "\n" for step in steps))


def browser(theme):
    options = webdriver.ChromeOptions()
    for flag in ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,900",
                 "--hide-scrollbars", "--disable-dev-shm-usage"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options)
    media = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    return driver


def press(driver, *keys):
    ActionChains(driver).send_keys(*keys).perform()
    time.sleep(0.1)


def keys(driver):
    """What each key does, as (what, whether it did)."""
    run = driver.execute_script
    active = "return document.activeElement"
    done = []

    def check(what, holds):
        done.append((what, bool(holds)))

    press(driver, "j")
    first = run(f"{active}.className") == "flip" and run(f"{active}.querySelector('.key').textContent")
    check("j goes to a flip", first)
    press(driver, "j")
    check("j goes on", run(f"{active}.querySelector('.key').textContent") != first)
    press(driver, "k")
    check("k goes back", run(f"{active}.querySelector('.key').textContent") == first)
    press(driver, Keys.ENTER)
    check("Enter opens", run(f"{active}.getAttribute('aria-expanded')") == "true")
    check("with responses", run("return document.querySelectorAll('.detail .side').length") == 3)
    link = run("return location.hash")
    check("the address names it", link == f"#sample=ifeval%3A{first}")
    press(driver, Keys.ESCAPE)
    check("Esc closes", run("return document.querySelectorAll('.detail').length") == 0)
    press(driver, "/")
    check("/ goes to the filter", run(f"{active}.id") == "text")
    press(driver, "no_comma")
    time.sleep(0.4)
    told = run("return document.getElementById('shown').textContent")
    check(f"the filter filters: {told}", told.split(" of ")[0] != told.split(" of ")[1])
    run("document.getElementById('text').value = ''")
    press(driver, Keys.BACKSPACE, Keys.ESCAPE)
    time.sleep(0.4)
    press(driver, "?")
    check("? opens the keys", run("return document.getElementById('help').open"))
    press(driver, Keys.ESCAPE)
    check("Esc closes them", not run("return document.getElementById('help').open"))
    themes = []
    for _ in range(3):
        press(driver, "t")
        themes.append(run("return document.documentElement.dataset.theme || 'auto'"))
    check(f"t goes through the themes: {themes}", themes == ["light", "dark", "auto"])
    run("document.body.tabIndex = -1; document.body.focus()")
    press(driver, Keys.TAB)
    check("Tab begins at the skip link", run(f"{active}.className") == "skip")
    driver.get(driver.current_url.split("#")[0] + link)
    driver.refresh()
    check("a link opens its item", run("return document.querySelectorAll('.detail').length") == 1)
    return done


def pictures(driver, out, theme):
    """A picture of each section, as tall as it is up to a limit."""
    run = driver.execute_script
    run("document.querySelectorAll('details').forEach(one => one.open = true)")
    for section in run("return [...document.querySelectorAll('section[id]')].map(s => s.id)"):
        box = run("const r = document.getElementById(arguments[0]).getBoundingClientRect();"
                  "return [r.x, r.y + scrollY, r.width, r.height]", section)
        clip = {"x": 0, "y": max(0, box[1] - 10), "width": 1280, "height": min(box[3] + 20, 1800),
                "scale": 1}
        shot = driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        (out / f"{theme}-{section}.png").write_bytes(base64.b64decode(shot["data"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ifeval", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--heedful", default="target/debug/heedful")
    parser.add_argument("--more", nargs="*", default=[], help="further scores, as NAME=PATH")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    made = scores(given.heedful, given.ifeval, given.out)
    rewards(given.out / "metrics.jsonl")
    page = (given.out / "report.html").resolve()
    began = time.monotonic()
    subprocess.run([given.heedful, "report", *made, *given.more, "--metrics",
                    f"rl={given.out / 'metrics.jsonl'}", "--margin", "0.02", "--html", page,
                    "--markdown", given.out / "report.md"], check=True)
    figures = {"report_s": round(time.monotonic() - began, 2), "bytes": page.stat().st_size}
    failures, timings = [], []
    for theme in ["light", "dark"]:
        driver = browser(theme)
        driver.get(page.as_uri())
        timing = ("const t = performance.getEntriesByType('navigation')[0];"
                  "return [t.domInteractive, t.domContentLoadedEventEnd, t.loadEventEnd]")
        for _ in range(5):
            driver.refresh()
            timings.append(driver.execute_script(timing))
        pictures(driver, given.out, theme)
        if theme == "light":
            driver.get(page.as_uri())
            checked = keys(driver)
            failures += [what for what, did in checked if not did]
            figures["keys"] = len(checked)
            figures["items_shown"] = driver.execute_script("return data.flips.length")
        pictures(driver, given.out, f"{theme}-open")
        said = [entry["message"] for entry in driver.get_log("browser")]
        failures += [f"console, {theme}: {message}" for message in said]
        driver.quit()
    worst = [max(row[at] for row in timings) for at in range(3)]
    names = ["interactive_ms", "content_loaded_ms", "loaded_ms"]
    figures |= {name: round(value, 1) for name, value in zip(names, worst)}
    if figures["bytes"] > MOST_BYTES:
        failures.append(f"{figures['bytes']} bytes")
    if figures["loaded_ms"] > 1000 * MOST_SECONDS:
        failures.append(f"loaded in {figures['loaded_ms']} ms")
    (given.out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures))
    for failure in failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
