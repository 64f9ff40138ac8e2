interface Place {
  partition: string;
  region: string;
  /** The cluster that the resource belongs to. */
  cluster: string;
}

const hosts: Record<string, string> = {
  aws: "console.aws.amazon.com",
  "aws-cn": "console.amazonaws.cn",
  "aws-us-gov": "console.amazonaws-us-gov.com",
  "aws-eusc": "console.amazonaws-eusc.eu",
};

/** Where the AWS console shows a resource; nothing for resources that it has no page for. */
export function consoleAddress(resource: { type: string; uid: string; name: string }, place: Place): string | undefined {
  const host = hosts[place.partition];
  if (!host) {
    return undefined;
  }
  const base = `https://${place.region}.${host}`;
  const name = encodeURIComponent(resource.name);
  const region = encodeURIComponent(place.region);
  switch (resource.type) {
    case "AWS::EKS::Cluster":
      return `${base}/eks/clusters/${name}?region=${region}`;
    case "AWS::EKS::Nodegroup":
      return `${base}/eks/clusters/${encodeURIComponent(place.cluster)}/nodegroups/${name}?region=${region}`;
    case "AWS::EC2::SecurityGroup":
      return `${base}/vpcconsole/home?region=${region}#SecurityGroup:groupId=${name}`;
    case "AWS::EC2::VPC":
      return `${base}/vpcconsole/home?region=${region}#VpcDetails:VpcId=${name}`;
    case "AWS::IAM::Role":
      return `https://${host}/iam/home#/roles/details/${encodeURIComponent(resource.name.split("/").at(-1) ?? "")}`;
    case "AWS::KMS::Key":
      return `${base}/kms/home?region=${region}#/kms/keys/${name}`;
    case "Container::Image":
      return registryAddress(resource.uid, host);
    default:
      return undefined;
  }
}

/** An image of ECR: ACCOUNT.dkr.ecr.REGION.SUFFIX/REPOSITORY@DIGEST. */
function registryAddress(uid: string, host: string): string | undefined {
  const found = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+\/(.+)@(sha256:[0-9a-f]{64})$/.exec(uid);
  if (!found) {
    return undefined;
  }
  const [, account = "", region = "", repository = "", digest = ""] = found;
  return `https://${region}.${host}/ecr/repositories/private/${account}/${encodeURIComponent(repository)}/_/image/${digest}/details?region=${region}`;
}
