#!/usr/bin/env python3
"""Opens a report of three checkpoints in Chromium and fails on what a reader would stumble over.

    python3 scripts/report_page.py DATA --out FOLDER [--heedful PROGRAM]

DATA holds `ifeval/` with published prompts and GPT-4's responses, run A, and `followbench/data/`
with its items. B and C are A with some responses spoilt, by a seed; the answers to FollowBench and
what a judge said of them are made up. The page is opened from its file. Fails on a message of the
console's, on a page over 3 MB or not loaded within a second, on a key that does not do what the
page says. Does so again where nearly all responses differ and have 3 kB or more. Writes a picture
of each section in both themes, and `figures.json`. Needs Chromium, its driver, and the package
selenium.
"""

import argparse
import base64
import json
import pathlib
import random
import shutil
import subprocess
import sys
import time

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

PROMPTS = "input_data_gpt4_20231107_145030.jsonl"
RESPONSES = "input_response_data_gpt4_20231107_145030.jsonl"
NAMES = ["rl-step-000000", "rl-step-000100", "rl-step-000200"]
MOST_BYTES, MOST_SECONDS = 3_000_000, 1.0


FILLER = "There is more to say about this and it is said here at some length. "


def spoilt(rows, seed, share, least):
    """Some responses cut, in capitals, without their commas, or with other words; all of them of
    `least` characters or more."""
    chance = random.Random(seed)
    for row in rows:
        text = row["response"]
        text += FILLER * max(0, -(-(least - len(text)) // len(FILLER)))
        if chance.random() < share:
            text = chance.choice([
                lambda: text[: len(text) // 2],
                lambda: text.upper(),
                lambda: text.lower().replace(",", ""),
                lambda: text.replace("the ", "a ").replace(".", ", and so on."),
            ])()
        yield {**row, "response": text}


def run(program, *command):
    """What a command prints as JSON."""
    return json.loads(subprocess.check_output([program, *command, "--json"]))


def ifeval(program, folder, out, shares, least):
    """Artifacts of the three runs."""
    out.mkdir(parents=True, exist_ok=True)
    lines = (folder / "responses" / RESPONSES).read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    for seed, (name, share) in enumerate(zip(NAMES, shares)):
        responses = out / f"{name}.jsonl"
        told = (json.dumps(row) + "\n" for row in spoilt(rows, seed, share, least))
        responses.write_text("".join(told))
        yield run(program, "eval", "ifeval", "--items", folder / PROMPTS, "--responses", responses,
                  "--name", name, "--out", out / "scores")["path"]


def followbench(program, folder, out):
    """The same of FollowBench: made-up answers, and replies of which the fewer say yes the higher
    the level is."""
    prompts = subprocess.check_output(
        [program, "benchmarks", "prompts", "followbench", "--items", folder], text=True)
    prompts = [json.loads(line) for line in prompts.splitlines()]
    for seed, name in enumerate(NAMES):
        chance = random.Random(100 + seed)
        responses, replies = [], []
        for prompt in prompts:
            category, _, level = prompt["key"].split("/")
            level = int(level)
            answer = f"An answer of {chance.randint(2, 40)} words to {prompt['key']}."
            responses.append({"prompt": prompt["prompt"], "response": answer})
            if level == 0 or category == "example":
                continue
            marks = ["'YES'" if chance.random() < 0.78 + 0.05 * seed - 0.02 * level else "'NO'"
                     for _ in range(level)]
            reply = marks[0].strip("'") if level == 1 else f"[{', '.join(marks)}]"
            replies.append({"key": prompt["key"], "reply": reply})
        paths = [out / f"followbench-{name}-{what}.jsonl" for what in ["answers", "replies"]]
        for path, rows in zip(paths, [responses, replies]):
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        yield run(program, "eval", "followbench", "--items", folder, "--responses", paths[0],
                  "--judge-replies", paths[1], "--name", name, "--out", out / "scores")["path"]


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
    options.binary_location = shutil.which("chromium")
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    media = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    return driver


def press(driver, *keys):
    ActionChains(driver).send_keys(*keys).perform()
    time.sleep(0.1)


def keys(driver):
    """What each key does, as (what, whether it did)."""
    run = driver.execute_script
    run("document.getElementById('benchmark').value = 'ifeval'; list()")
    active = "return document.activeElement"
    key = f"{active}.querySelector('.key').textContent"
    done = []

    def check(what, holds):
        done.append((what, bool(holds)))

    press(driver, "j")
    first = run(f"{active}.className") == "flip" and run(key)
    check("j goes to a flip", first)
    press(driver, "j")
    check("j goes on", run(key) != first)
    press(driver, "k")
    check("k goes back", run(key) == first)
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


def timings(driver):
    """Milliseconds from navigation until interactive, content loaded, loaded; the worst of five."""
    asked = ("const t = performance.getEntriesByType('navigation')[0];"
             "return [t.domInteractive, t.domContentLoadedEventEnd, t.loadEventEnd]")
    rows = []
    for _ in range(5):
        driver.refresh()
        rows.append(driver.execute_script(asked))
    names = ["interactive_ms", "content_loaded_ms", "loaded_ms"]
    return {name: round(max(column), 1) for name, column in zip(names, zip(*rows))}


def look(page, out, failures):
    """Opens the page in both themes: what it took, and pictures where there is a folder."""
    figures = {"bytes": page.stat().st_size}
    for theme in ["light", "dark"]:
        driver = browser(theme)
        driver.get(page.as_uri())
        took = timings(driver)
        figures |= {name: max(took[name], figures.get(name, 0)) for name in took}
        figures["flips"] = driver.execute_script("return data.flips.length")
        figures["cut"] = driver.execute_script("return Object.keys(data.cut).length")
        if out:
            pictures(driver, out, theme)
        driver.get(page.as_uri())
        checked = keys(driver)
        failures += [f"{page.name}, {theme}: {what}" for what, did in checked if not did]
        figures["keys"] = len(checked)
        if out:
            pictures(driver, out, f"{theme}-open")
        said = [entry["message"] for entry in driver.get_log("browser")]
        failures += [f"{page.name}, console, {theme}: {message}" for message in said]
        driver.quit()
    if figures["bytes"] > MOST_BYTES:
        failures.append(f"{page.name}: {figures['bytes']} bytes")
    if figures["loaded_ms"] > 1000 * MOST_SECONDS:
        failures.append(f"{page.name}: loaded in {figures['loaded_ms']} ms")
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--heedful", default="target/debug/heedful")
    given = parser.parse_args()
    out, program = given.out.resolve(), given.heedful
    out.mkdir(parents=True, exist_ok=True)
    rewards(out / "metrics.jsonl")
    long = list(ifeval(program, given.data / "ifeval", out / "long", [0.0, 0.95, 0.95], 3000))
    runs = list(ifeval(program, given.data / "ifeval", out, [0.0, 0.25, 0.4], 0))
    runs += followbench(program, given.data / "followbench" / "data", out)
    figures, failures = {}, []
    for name, scores in [("report", runs), ("long", long)]:
        page, began = out / f"{name}.html", time.monotonic()
        subprocess.run([program, "report", *scores, "--metrics", f"rl={out / 'metrics.jsonl'}",
                        "--margin", "0.02", "--html", page, "--markdown", out / f"{name}.md"],
                       check=True)
        made = {"report_s": round(time.monotonic() - began, 2)}
        figures[name] = made | look(page, out if name == "report" else None, failures)
    (out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))
    for failure in failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
