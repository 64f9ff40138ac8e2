"""Gives remediation guidance to the real AWS CLI or boto3, for tests only.

    check.py aws-cli|boto3|options < list.json

Commands and scripts are parsed and validated as ever; where a request would be sent,
an answer is made up, so nothing leaves the machine.
"""

import io
import json
import os
import sys
import tempfile
import time
import traceback
from contextlib import redirect_stderr, redirect_stdout

import botocore.awsrequest
import botocore.session
import botocore.waiter

os.environ.update(AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="eu-central-1", AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/dev/null")

os.environ["KUBECONFIG"] = os.path.join(tempfile.mkdtemp(), "config")  # which update-kubeconfig writes
UPDATE = {"update": {"id": "u-1", "type": "VersionUpdate", "status": "InProgress"}}
ANSWERS = {
    "DescribeCluster": {"cluster": {"name": "c", "arn": "arn:aws:eks:eu-central-1:111122223333:cluster/c", "status": "ACTIVE", "endpoint": "https://e.invalid", "certificateAuthority": {"data": ""}}},
    "DescribeUpdate": {"update": {"id": "u-1", "type": "VersionUpdate", "status": "Successful"}},
    "DescribeAddon": {"addon": {"addonName": "vpc-cni", "serviceAccountRoleArn": "arn:aws:iam::111122223333:role/vpc-cni"}},
    "DescribeAddonVersions": {"addons": [{"addonVersions": [{"addonVersion": "v1.20.0-eksbuild.1"}]}]},
    "CreateKey": {"KeyMetadata": {"KeyId": "k", "Arn": "arn:aws:kms:eu-central-1:111122223333:key/k"}},
    "DescribeKey": {"KeyMetadata": {"KeyId": "k", "KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}},
    "ListNodegroups": {"nodegroups": ["workers"]},
    "ListFargateProfiles": {"fargateProfileNames": ["batch"]},
    "ListAddons": {"addons": ["vpc-cni"]},
}
PREFIXES = "<R><entrySet><item><cidr>203.0.113.0/25</cidr></item><item><cidr>203.0.113.128/25</cidr></item></entrySet></R>"
sent = []


class Raw(io.BytesIO):
    def stream(self, *_, **__):
        yield self.read()


def answer(request, event_name, **_):
    operation = event_name.split(".")[-1]
    sent.append(operation)
    body = json.dumps(ANSWERS.get(operation, UPDATE))
    if operation == "GetManagedPrefixListEntries":
        body = PREFIXES
    elif ".ec2." in event_name:
        body = "<R/>"
    elif ".cloudformation." in event_name or ".iam." in event_name:
        body = f"<{operation}Response><{operation}Result/></{operation}Response>"
    return botocore.awsrequest.AWSResponse(request.url, 200, {}, Raw(body.encode()))


def waited(self, **kwargs):
    """Asks once, so that the parameters are validated, and takes any answer."""
    self._operation_method(**{k: v for k, v in kwargs.items() if k != "WaiterConfig"})


def cli(calls):
    from awscli.clidriver import create_clidriver

    driver = create_clidriver()
    driver.session.register("before-send", answer)
    for call in calls:
        out = io.StringIO()
        before = len(sent)
        args = call["args"][1:]
        named = len(args) == 2  # an operation that a sentence names
        with redirect_stdout(out), redirect_stderr(out):
            try:
                code = driver.main(args + ["--generate-cli-skeleton"] if named else args)
            except SystemExit as e:
                code = e.code
        if code or len(sent) == before and not named:
            yield f"{call['name']}: {call['args']}: exit {code}: {out.getvalue()[-600:]}"


def options(given):
    """Looks for each option in what the AWS CLI's commands of its page take."""
    from awscli.clidriver import create_clidriver

    services = create_clidriver()._get_command_table()
    for one in given:
        taken = set()
        for service, operation in one["commands"]:
            command = services[service]._get_command_table().get(operation)
            taken |= set(getattr(command, "arg_table", None) or {})
        if one["option"] not in taken:
            yield f"{one['name']}: no command of the page takes --{one['option']}"


def scripts(codes):
    import boto3

    time.sleep = lambda _: None
    boto3.DEFAULT_SESSION = boto3.Session()
    boto3.DEFAULT_SESSION.events.register("before-send", answer)
    for code in codes:
        before = len(sent)
        try:
            exec(compile(code["Text"], code["Name"], "exec"), {"__name__": "__main__"})
        except BaseException:
            yield f"{code['Name']}:\n{traceback.format_exc()[-800:]}\n{code['Text']}"
            continue
        if len(sent) == before and "in []" not in code["Text"]:
            yield f"{code['Name']} asks AWS for nothing:\n{code['Text']}"


if __name__ == "__main__":
    botocore.waiter.Waiter.wait = waited
    what, given = sys.argv[1], json.load(sys.stdin)
    failures = list({"aws-cli": cli, "boto3": scripts, "options": options}[what](given))
    print("\n".join(failures))
    sys.exit(1 if failures else 0)
