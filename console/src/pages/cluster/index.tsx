import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Tabs from "@cloudscape-design/components/tabs";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { getCluster, getSnapshot, type Cluster } from "../../api/inventory";
import { Page } from "../../app/layout";
import { useScan } from "../../app/scans";
import { useSession } from "../../app/session";
import { ProblemAlert } from "../../parts/problems";
import { useTab } from "../../parts/tab";
import { useText } from "../../text";
import { Facts } from "./facts";
import { Gaps } from "./gaps";
import { Images } from "./images";
import { Workloads } from "./workloads";

/** One cluster: what it is, what runs in it, and what could not be read. */
export default function ClusterPage() {
  const text = useText();
  const { account = "", region = "", name = "" } = useParams();
  const ref = { account, region, name };
  const cluster = useQuery({ queryKey: ["cluster", account, region, name], queryFn: ({ signal }) => getCluster(ref, signal) });
  return (
    <Page
      title={name}
      breadcrumbs={[
        { text: text.clusters.title, href: "/clusters" },
        { text: name, href: "" },
      ]}
    >
      {cluster.error ? (
        <ProblemAlert header={text.cluster.notFound} error={cluster.error} retry={cluster.refetch} />
      ) : cluster.data ? (
        <Loaded cluster={cluster.data} />
      ) : (
        <Spinner size="large" />
      )}
    </Page>
  );
}

function Loaded({ cluster }: { cluster: Cluster }) {
  const text = useText();
  const tab = useTab("workloads");
  const { may } = useSession();
  const scan = useScan();
  const { ref } = cluster.cluster;
  const snapshot = useQuery({
    queryKey: ["snapshot", ref.account, ref.region, ref.name, cluster.collected_at],
    queryFn: ({ signal }) => getSnapshot(ref, signal),
  });
  const partition = ref.partition === "aws-cn" ? "amazonaws.cn" : "aws.amazon.com";
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button
                href={`https://${ref.region}.console.${partition}/eks/clusters/${encodeURIComponent(ref.name)}?region=${ref.region}`}
                target="_blank"
                iconName="external"
                iconAlign="right"
              >
                {text.cluster.console}
              </Button>
              <Button
                onClick={() => scan.start({ clusters: [`arn:${ref.partition}:eks:${ref.region}:${ref.account}:cluster/${ref.name}`] })}
                loading={scan.starting}
                disabled={!may("operator")}
                disabledReason={may("operator") ? undefined : text.scans.needs}
                iconName="refresh"
              >
                {text.scans.start}
              </Button>
            </SpaceBetween>
          }
        >
          {ref.name}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Facts cluster={cluster} />
        {snapshot.error && <ProblemAlert header={text.cluster.snapshotFailed} error={snapshot.error} retry={snapshot.refetch} />}
        <Tabs
          ariaLabel={ref.name}
          {...tab}
          tabs={[
            { id: "workloads", label: text.cluster.workloads, content: <Workloads snapshot={snapshot.data} /> },
            { id: "images", label: text.cluster.containers, content: <Images snapshot={snapshot.data} /> },
            { id: "coverage", label: text.cluster.coverage, content: <Gaps cluster={cluster} /> },
          ]}
        />
      </SpaceBetween>
    </ContentLayout>
  );
}
