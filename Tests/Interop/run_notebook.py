"""Runs a study's notebook and compares what its cells give with what stands in it.

    python run_notebook.py results/NAME/report.ipynb

It is run from the folder that holds `results`, as an editor may do that opens the whole project.
"""
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

path = Path(sys.argv[1])
notebook = nbformat.read(path, as_version=4)
nbformat.validate(notebook)
stored = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": path.parents[2]}}).execute()
ran = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


def text(outputs):
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    return printed + "".join(o.data["text/plain"] for o in outputs if o.output_type == "execute_result")


def pictures(outputs):
    return sum("image/svg+xml" in output.get("data", {}) for output in outputs)


printed = drawn = 0
for before, after in zip(stored, ran, strict=True):
    assert all(output.output_type != "stream" or output.name == "stdout" for output in after), [o.text for o in after if "text" in o]
    assert text(before) == text(after), f"stored:\n{text(before)}\nran:\n{text(after)}"
    assert pictures(before) == pictures(after), (pictures(before), pictures(after))
    printed += bool(text(before))
    drawn += pictures(before)
print(f"{len(ran)} cells, {printed} texts the same, {drawn} figures")
