"""Walks the estate as a program with boto3 would, and prints what it found."""

import base64
import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ROLE = "eksposure-scan"
config = Config(retries={"total_max_attempts": 1})
found = {"accounts": [], "clusters": {}, "denied": []}

own = boto3.client("sts", config=config).get_caller_identity()["Account"]
for page in boto3.client("organizations", config=config).get_paginator("list_accounts").paginate():
    found["accounts"] += [a["Id"] for a in page["Accounts"]]

sessions = {}
for account in found["accounts"]:
    sessions[account] = boto3.Session()
    if account != own:
        c = boto3.client("sts", config=config).assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{ROLE}", RoleSessionName="boto3"
        )["Credentials"]
        sessions[account] = boto3.Session(c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"])
    regions = [r["RegionName"] for r in sessions[account].client("ec2", config=config).describe_regions()["Regions"]]
    for region in regions:
        eks = sessions[account].client("eks", region_name=region, config=config)
        try:
            names = [n for page in eks.get_paginator("list_clusters").paginate() for n in page["clusters"]]
        except ClientError as e:
            found["denied"].append(f"{account} {region} {e.response['Error']['Code']}")
            continue
        for name in names:
            assert eks.describe_cluster(name=name)["cluster"]["name"] == name
        if names:
            found["clusters"][f"{account} {region}"] = names

payments = sessions["444455556666"]
cluster = payments.client("eks", region_name="eu-west-1", config=config).describe_cluster(name="payments-dr")["cluster"]
key = cluster["encryptionConfig"][0]["provider"]["keyArn"]
found["key"] = payments.client("kms", region_name="eu-west-1", config=config).describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
token = payments.client("ecr", config=config).get_authorization_token()["authorizationData"][0]["authorizationToken"]
found["registry"] = base64.b64decode(token).decode().split(":")[0]
try:
    boto3.client("sts", aws_secret_access_key="wrong", aws_access_key_id="AKIAIOSFODNN7EXAMPLE", config=config).get_caller_identity()
except ClientError as e:
    found["wrong secret"] = e.response["Error"]["Code"]
print(json.dumps(found))
