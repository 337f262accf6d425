#!/usr/bin/env python3
"""Executes a notebook in a folder, its kernel in another Python environment, and prints one JSON object.

    notebooks.py NOTEBOOK PYTHON FOLDER [--pictures FOLDER]

PYTHON is the kernel's interpreter: the environment that has the notebooks' requirements and nothing else. The object
holds `text` (what cells print), `results` (the plain text of what they give), `pictures` (how many), `stderr`, and `stored`
(outputs and counts that the file itself holds; it should hold none).
"""

import argparse
import base64
import json
import os
import pathlib
import sys
import tempfile

import nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=pathlib.Path)
    parser.add_argument("python")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--pictures", type=pathlib.Path)
    arguments = parser.parse_args()
    book = nbformat.read(arguments.notebook, as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    stored = sum(len(cell.outputs) + (cell.execution_count is not None) for cell in code)

    # A kernel of that name and no other: nothing of this machine's Jupyter is looked at.
    with tempfile.TemporaryDirectory() as jupyter:
        kernel = pathlib.Path(jupyter, "kernels", "python3")
        kernel.mkdir(parents=True)
        command = [arguments.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        kernel.joinpath("kernel.json").write_text(json.dumps({"argv": command, "display_name": "Python 3", "language": "python"}))
        os.environ |= {
            "JUPYTER_PATH": jupyter,
            "JUPYTER_RUNTIME_DIR": jupyter,
            "JUPYTER_NO_CONFIG": "1",
            "IPYTHONDIR": jupyter,
            "MPLCONFIGDIR": jupyter,
            "PYTHONNOUSERSITE": "1",
        }
        os.environ.pop("PYTHONPATH", None)
        # By sockets in that folder: a TCP port picked for the kernel may be taken before the kernel listens there.
        manager = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=str(pathlib.Path(jupyter, "kernel")))
        resources = {"metadata": {"path": str(arguments.folder)}}
        NotebookClient(book, km=manager, timeout=240, startup_timeout=240, resources=resources).execute()

    answer = {"text": "", "results": [], "pictures": 0, "stderr": "", "stored": stored}
    for cell in code:
        for output in cell.outputs:
            if output.output_type == "stream":
                answer["text" if output.name == "stdout" else "stderr"] += output.text
                continue
            answer["results"].append(output.data.get("text/plain", ""))
            picture = output.data.get("image/png")
            if picture:
                answer["pictures"] += 1
                if arguments.pictures:
                    name = f"{arguments.notebook.stem}-{answer['pictures']}.png"
                    arguments.pictures.joinpath(name).write_bytes(base64.b64decode(picture))
    json.dump(answer, sys.stdout)


main()
