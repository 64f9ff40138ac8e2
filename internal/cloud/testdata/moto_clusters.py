"""Fills moto through boto3: an organization with two members, and clusters in
three accounts and several regions. Prints what was made as JSON."""

import json
import sys

import boto3

endpoint = sys.argv[1]


def client(service, region="us-east-1", credentials=None):
    keys = credentials or {"AccessKeyId": "test", "SecretAccessKey": "test", "SessionToken": None}
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


organizations = client("organizations")
organizations.create_organization(FeatureSet="ALL")
management = client("sts").get_caller_identity()["Account"]
accounts = {management: None}
for name in ("team", "data"):
    status = organizations.create_account(AccountName=name, Email=name + "@example.com")
    account = status["CreateAccountStatus"]["AccountId"]
    role = client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/eksposure-scan", RoleSessionName="fill")
    accounts[account] = role["Credentials"]

made = []
for number, (account, credentials) in enumerate(accounts.items()):
    for region in ("us-east-1", "eu-west-1", "ap-southeast-2")[number:]:
        vpc = client("ec2", region, credentials).describe_subnets()["Subnets"]
        key = client("kms", region, credentials).create_key()["KeyMetadata"]
        if number == 1:
            client("kms", region, credentials).disable_key(KeyId=key["KeyId"])
        eks = client("eks", region, credentials)
        for name in ("one", "two"):
            eks.create_cluster(
                name=name,
                version="1.31",
                roleArn=f"arn:aws:iam::{account}:role/cluster",
                resourcesVpcConfig={"subnetIds": [s["SubnetId"] for s in vpc[:2]], "endpointPublicAccess": True},
                encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": key["Arn"]}}],
            )
            eks.create_nodegroup(
                clusterName=name,
                nodegroupName="nodes",
                nodeRole=f"arn:aws:iam::{account}:role/node",
                subnets=[s["SubnetId"] for s in vpc[:2]],
                scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 2},
            )
            made.append(
                {
                    "account": account, "region": region, "name": name, "key": key["Arn"],
                    "key_state": "Disabled" if number == 1 else "Enabled",
                    "arn": eks.describe_cluster(name=name)["cluster"]["arn"],
                }
            )
json.dump(made, sys.stdout)
