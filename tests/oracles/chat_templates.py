#!/usr/bin/env python3
"""Records what transformers' Jinja environment makes of our templates.

    chat_templates.py models/chat/templates > tests/oracles/chat_templates.json

Needs jinja2 (PyPI). The environment has the settings of transformers' `_compile_jinja_template`:
an immutable sandbox, trimmed blocks, loop controls, `generation` blocks, `tojson` that escapes no
HTML, `raise_exception` and `strftime_now`. The clock is part of a case.
"""

import json
import sys
from datetime import datetime, timezone
from pathlib import Path

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import CallBlock
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    """`{% generation %}`, whose text comes out as it is."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return CallBlock(self.call_method("_text"), [], [], body).set_lineno(line)

    def _text(self, caller):
        return caller()


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def environment(now):
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    if now is not None:
        clock = datetime.fromtimestamp(now, timezone.utc).replace(tzinfo=None)
        made.globals["strftime_now"] = clock.strftime
    return made


def record(source, case):
    """The case with what came out: `text`, or `raised`, or `fault`."""
    options = dict(case["options"])
    now = options.pop("now", None)
    variables = {
        "bos_token": case["bos"],
        "eos_token": case["eos"],
        "tools": options.pop("tools", None),
        "documents": None,
        "add_generation_prompt": options.pop("add_generation_prompt", False),
    }
    thinking = options.pop("thinking", None)
    if thinking is not None:
        variables["enable_thinking"] = variables["thinking"] = thinking
    variables.update(options.pop("variables", {}))
    assert not options, options
    try:
        template = environment(now).from_string(source)
        return {**case, "text": template.render(messages=case["messages"], **variables)}
    except jinja2.exceptions.TemplateError as error:
        if type(error) is jinja2.exceptions.TemplateError:
            return {**case, "raised": str(error)}
        return {**case, "fault": type(error).__name__}
    except (TypeError, AttributeError) as error:
        return {**case, "fault": type(error).__name__}


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather <here> & now, in °C",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
            "required": ["city"],
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "", "parameters": {}}}
CALL = {
    "id": "abcdef123",
    "type": "function",
    "function": {"name": "weather", "arguments": {"city": "Zürich", "days": 2, "x": 1.0}},
}

CONVERSATIONS = {
    "one": [turn("user", "Hello there")],
    "system": [turn("system", "Be kind."), turn("user", "Hi")],
    "empty system": [turn("system", ""), turn("user", "Hi")],
    "blank edges": [turn("system", "  spaced \n"), turn("user", "\n\n Hi \t\n")],
    "unicode": [turn("user", "naïve 日本語 😀 ‮ \u00a0 e\u0301"), turn("assistant", "Grüße ß İ")],
    "several": [
        turn("user", "one"),
        turn("assistant", "two"),
        turn("user", "three"),
        turn("assistant", "four"),
        turn("user", "five"),
    ],
    "reasoned": [
        turn("user", "2+2?"),
        turn("assistant", "<think>\nhm, four\n</think>\n\nFour."),
        turn("user", "3+3?"),
        turn("assistant", "<think>\nsix\n</think>\n\nSix."),
    ],
    "reasoning field": [
        turn("user", "2+2?"),
        turn("assistant", "Four.", reasoning_content="it is four"),
        turn("user", "<tool_response>x</tool_response>"),
        turn("assistant", "Done.", reasoning_content="\nwell\n"),
    ],
    "tags in the prompt": [turn("user", "what does <think> mean? {{ messages }} {% if %}")],
    "calls": [
        turn("user", "Weather?"),
        turn("assistant", "", tool_calls=[CALL]),
        turn("tool", "12 °C", name="weather", tool_call_id="abcdef123"),
        turn("tool", "13 °C", name="weather", tool_call_id="abcdef124"),
        turn("assistant", "Twelve."),
    ],
    "two calls": [
        turn("user", "Weather?"),
        turn("assistant", "Looking.", tool_calls=[CALL, CALL]),
        turn("tool", {"content": [1, 2.5, None]}),
    ],
    "null content": [
        turn("user", "Weather?"),
        turn("assistant", None, tool_calls=[CALL]),
        turn("tool", "fine"),
    ],
    "out of turn": [turn("assistant", "I begin"), turn("user", "No")],
    "unknown role": [turn("user", "x"), turn("critic", "y"), turn("user", "z")],
    "late system": [turn("user", "x"), turn("system", "y"), turn("assistant", "z")],
    "no content": [{"role": "user"}],
    "no messages": [],
    "no role": [{"content": "x"}],
}

OPTIONS = [
    {},
    {"add_generation_prompt": True},
    {"add_generation_prompt": True, "thinking": False},
    {"add_generation_prompt": True, "thinking": True, "tools": [WEATHER, CLOCK]},
]

TOKENS = {
    "llama3": ("<|begin_of_text|>", "<|eot_id|>"),
    "mistral": ("<s>", "</s>"),
    "r1": ("<｜begin｜>", "<｜end｜>"),
}


def cases(name):
    bos, eos = TOKENS.get(name, ("", "<|im_end|>"))
    for label, messages in CONVERSATIONS.items():
        for options in OPTIONS if label in ("one", "system", "calls", "reasoned") else OPTIONS[:2]:
            options = dict(options)
            if name == "llama3" and len(options) != 1:
                options["now"] = 1_709_210_096
            if name == "llama3" and label == "several":
                options["variables"] = {"date_string": "5 May 2025"}
            base = {"template": name, "case": label, "bos": bos, "eos": eos}
            yield {**base, "options": options, "messages": messages}


def main():
    folder = Path(sys.argv[1])
    lines = []
    for path in sorted(folder.glob("*.jinja")):
        source = path.read_text(encoding="utf-8")
        for case in cases(path.stem):
            line = json.dumps(record(source, case), ensure_ascii=False, separators=(",", ":"))
            lines.append(line)
    print("[\n" + ",\n".join(lines) + "\n]")


if __name__ == "__main__":
    main()
