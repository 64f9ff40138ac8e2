// Package estate is a simulated AWS estate behind real HTTP endpoints on
// loopback: the world of `eksposure demo`, of the end-to-end tests and of the
// fleet benchmarks.
//
// It takes a [Scenario] (accounts, roles, keys, clusters and what runs in them)
// and gives endpoints that any AWS or Kubernetes client can use unchanged.
//
// What is simulated:
//
//   - AWS: STS, Organizations, Account, EC2 DescribeRegions, the reading half of
//     EKS with UpdateClusterConfig (endpoint access, upgrade policy) and
//     AssociateEncryptionConfig, KMS DescribeKey and GetKeyPolicy, ECR GetAuthorizationToken, EventBridge PutEvents and
//     objects of S3 (path style, multipart uploads), at one address, told
//     apart by the service in the request's signature scope, each in its own
//     protocol with its own names for errors. Signatures (SigV4, in headers and
//     in query strings) are verified for real; sessions expire; roles can be
//     assumed by those whom they trust; an action that no policy allows is denied
//     in AWS's wording. A test checks every message against AWS's published
//     service models.
//   - Kubernetes: one HTTPS endpoint per cluster with its own certificate
//     authority, EKS bearer tokens verified for real, access entries mapped to
//     RBAC rules, lists in pages, JSON and protobuf; strategic merge patches of
//     Deployments, StatefulSets, DaemonSets and CronJobs, with dry runs, whose pods
//     follow after [Config].UpdateTime.
//   - A registry: an OCI registry under the names of real ones, see [Estate.Mirrors].
//   - Changes of clusters: an update takes [Config].UpdateTime, one at a time for a
//     cluster; a request token begins it once; EKS's own rules refuse what they
//     refuse; [Cluster].Failing makes one fail.
//   - Failures: [Fault] throttles, hangs, breaks or denies chosen calls, or loses
//     their answers.
//
// What is not: IAM policies are lists of action patterns without conditions or
// resources; session policies, session tags and MFA are refused; nothing else in a
// cluster can be written, and of other services events and objects alone; no pod
// runs, an endpoint answers whatever its access says; watches are refused.
// Messages are held against the models in tests only: the running estate overlooks
// members of a request that it does not know.
//
// The estate's facts are dated relative to [Scenario.AsOf]; authentication uses
// the clock in [Config]. The package opens no connection to anywhere, listens on
// loopback unless told otherwise, and reads no environment.
package estate
