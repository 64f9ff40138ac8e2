"""Copies AWS's service models out of the installed botocore.

    .cache/venv/bin/python internal/estate/testdata/models/update.py

The models of CloudTrail, CloudWatch Logs, EC2, EventBridge, Inspector and S3 are cut to the
operations that the estate answers, because the whole ones are large; the others are
complete. Documentation texts are left out.
"""

import gzip
import json
import pathlib

import botocore
from botocore.loaders import Loader

KEEP = {
    "cloudtrail": ["LookupEvents"],
    "ec2": [
        "DescribeInstances",
        "DescribeManagedPrefixLists",
        "DescribeNatGateways",
        "DescribeRegions",
        "DescribeRouteTables",
        "DescribeSecurityGroups",
        "DescribeSubnets",
        "DescribeVpcAttribute",
        "GetManagedPrefixListEntries",
    ],
    "events": ["PutEvents"],
    "inspector2": ["GetClustersForImage", "ListFindings"],
    "logs": ["GetQueryResults", "StartQuery", "StopQuery"],
    "s3": [
        "AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CreateMultipartUpload",
        "GetObject",
        "HeadBucket",
        "HeadObject",
        "ListObjectsV2",
        "PutObject",
        "UploadPart",
    ],
}
SERVICES = ["account", "cloudtrail", "ec2", "ecr", "eks", "events", "inspector2", "kms", "logs", "organizations", "s3", "sts"]


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


def cut(model, operations):
    seen = set()
    model["operations"] = {k: model["operations"][k] for k in operations}
    for op in model["operations"].values():
        for ref in [op.get("input"), op.get("output")] + op.get("errors", []):
            if ref:
                reach(model, ref["shape"], seen)
    model["shapes"] = {k: v for k, v in model["shapes"].items() if k in seen}


here = pathlib.Path(__file__).parent
for service in SERVICES:
    model = Loader().load_service_model(service, "service-2")
    if service in KEEP:
        cut(model, KEEP[service])
    data = json.dumps(strip(model), separators=(",", ":"), sort_keys=True).encode()
    (here / f"{service}.json.gz").write_bytes(gzip.compress(data, 9, mtime=0))
print("botocore", botocore.__version__)
