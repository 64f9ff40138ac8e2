"""Runs scenarios (test/clients/scenarios.json) with boto3 or the AWS CLI:

    python client.py boto3|cli SCENARIOS < variables.json > results.json

The endpoint and the credentials come from the usual AWS_ variables.
"""

import json
import os
import re
import subprocess
import sys


def fill(value, variables):
    text = re.sub(r"\$\{(\w+)\}", lambda m: variables.get(m[1], "none"), json.dumps(value or {}))
    return json.loads(text)


def snake(operation):
    """GetFindingsV2 as boto3 names its method."""
    import botocore

    return botocore.xform_name(operation)


def with_boto3():
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    client = boto3.client("securityhub", config=Config(retries={"max_attempts": 0}))

    def call(s, arguments):
        try:
            if "list" in s:
                pages = list(
                    client.get_paginator(snake(s["operation"])).paginate(
                        **arguments, PaginationConfig={"PageSize": s["page_size"]}
                    )
                )
                items = [item for page in pages for item in page[s["list"]]]
                return {"output": {s["list"]: items}, "pages": len(pages)}
            output = getattr(client, snake(s["operation"]))(**arguments)
            output.pop("ResponseMetadata")
            return {"output": output}
        except ClientError as e:
            return {
                "error": e.response["Error"]["Code"],
                "status": e.response["ResponseMetadata"]["HTTPStatusCode"],
                "typed": type(e).__name__ == e.response["Error"]["Code"],
                "message": e.response["Error"]["Message"],
            }

    return call


def with_cli():
    aws = os.path.join(os.path.dirname(sys.executable), "aws")

    def call(s, arguments):
        command = [aws, "securityhub", snake(s["operation"]).replace("_", "-"), "--output", "json"]
        command += ["--cli-input-json", json.dumps(arguments)]
        command += ["--page-size", str(s["page_size"])] if "list" in s else []
        if "list" not in s:
            command.append("--no-paginate")
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            return {"output": json.loads(done.stdout or "{}")}
        code = re.search(r"An error occurred \((\w+)\)", done.stderr)
        return {"error": code[1] if code else done.stderr, "typed": bool(code), "message": done.stderr}

    return call


def main():
    call = {"boto3": with_boto3, "cli": with_cli}[sys.argv[1]]()
    with open(sys.argv[2], encoding="utf-8") as f:
        scenarios = json.load(f)
    variables = json.load(sys.stdin)
    results = []
    for s in scenarios:
        result = {"name": s["name"], **call(s, fill(s.get("input"), variables))}
        if "error" not in result:
            for name, path in s.get("capture", {}).items():
                value = result["output"]
                for key in path.split("."):
                    value = value[int(key)] if isinstance(value, list) else value[key]
                variables[name] = value
        results.append(result)
    json.dump(results, sys.stdout, default=lambda v: v.isoformat())


main()
