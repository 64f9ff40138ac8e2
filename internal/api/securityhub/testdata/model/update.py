"""Copies Security Hub's service model out of an installed botocore.

    pip install --target /tmp/botocore botocore
    PYTHONPATH=/tmp/botocore python3 internal/api/securityhub/testdata/model/update.py

The model is cut to the operations that eksposure answers, and documentation texts
are left out. The names and paths of the others go into unanswered.txt.
"""

import gzip
import json
import pathlib

import botocore
from botocore.loaders import Loader


def wanted(name):
    tags = ("TagResource", "UntagResource", "ListTagsForResource")
    return name in tags or (name.endswith("V2") and "Software" not in name)


def strip(node):
    if isinstance(node, dict):
        return {k: strip(v) for k, v in node.items() if not (k == "documentation" and isinstance(v, str))}
    if isinstance(node, list):
        return [strip(v) for v in node]
    return node


def reach(model, name, seen):
    if name in seen:
        return
    seen.add(name)
    shape = model["shapes"][name]
    for ref in list(shape.get("members", {}).values()) + [shape.get(k) for k in ("member", "key", "value")]:
        if ref:
            reach(model, ref["shape"], seen)


model = Loader().load_service_model("securityhub", "service-2")
others = [
    f"{k} {v['http']['method']} {v['http']['requestUri']}\n" for k, v in sorted(model["operations"].items()) if not wanted(k)
]
model["operations"] = {k: v for k, v in model["operations"].items() if wanted(k)}
seen = set()
for op in model["operations"].values():
    for ref in [op.get("input"), op.get("output")] + op.get("errors", []):
        if ref:
            reach(model, ref["shape"], seen)
model["shapes"] = {k: v for k, v in model["shapes"].items() if k in seen}
data = json.dumps(strip(model), separators=(",", ":"), sort_keys=True).encode()
here = pathlib.Path(__file__).parent
(here / "securityhub.json.gz").write_bytes(gzip.compress(data, 9, mtime=0))
(here.parent.parent / "unanswered.txt").write_text("".join(others))
print("botocore", botocore.__version__, len(model["operations"]), "operations")
