#!/usr/bin/env python3
"""Runs the code blocks of a Markdown page in the current folder, in order, and prints one JSON object.

    blocks.py PAGE [--without MARKER]...

Python blocks share one namespace; `sh` blocks are run by bash, but for those that install packages. A block's marker is the
comment right before it (`<!-- on S3 -->`); blocks whose marker is given are left out. The object holds `ran` and `left_out`:
for each block its language, marker, first line and, of Python, what it printed; and `warnings`.
"""

import argparse
import contextlib
import io
import json
import pathlib
import re
import subprocess
import sys
import warnings

BLOCK = re.compile(r"^(?:<!-- (?P<marker>[^\n]*) -->\n)?```(?P<language>\w*)\n(?P<code>.*?)^```$", re.M | re.S)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--without", action="append", default=[], metavar="MARKER")
    arguments = parser.parse_args()
    answer = {"ran": [], "left_out": [], "warnings": []}
    names = {"__name__": "page"}
    for found in BLOCK.finditer(arguments.page.read_text(encoding="utf-8")):
        marker, language, code = found["marker"], found["language"], found["code"]
        block = {"language": language, "marker": marker, "first": code.split("\n", 1)[0]}
        if marker in arguments.without or code.startswith("pip install"):
            answer["left_out"].append(block)
            continue
        printed = io.StringIO()
        if language == "python":
            with contextlib.redirect_stdout(printed), warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    exec(compile(code, f"{arguments.page.name}: {block['first']}", "exec"), names)
                except BaseException as error:
                    raise SystemExit(f"this block fails: {error!r}\n{code}") from error
            answer["warnings"] += [f"{warning.category.__name__}: {warning.message}" for warning in caught]
        elif language == "sh":
            printed.write(subprocess.run(["bash", "-euc", code], check=True, capture_output=True, text=True).stdout)
        else:
            raise SystemExit(f"no one runs blocks in `{language}`: {block['first']}")
        answer["ran"].append(block | {"printed": printed.getvalue()})
    json.dump(answer, sys.stdout)


main()
