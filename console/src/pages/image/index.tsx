import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Tabs from "@cloudscape-design/components/tabs";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { getImage, getImageUses, getSnapshot, type Image } from "../../api/inventory";
import type { Schemas } from "../../api/native";
import { Page } from "../../app/layout";
import { shortDigest, shortRepository } from "../../parts/addresses";
import { ProblemAlert } from "../../parts/problems";
import { useTab } from "../../parts/tab";
import { useFormats, useText } from "../../text";
import { useSaid } from "../../text/said-in";
import { Layers } from "./layers";
import { Matches } from "./matches";
import { Uses } from "./uses";

/** One image: where it runs, what is wrong in it, and which layer brought it. */
export default function ImagePage() {
  const text = useText();
  const { digest = "" } = useParams();
  const image = useQuery({ queryKey: ["image", digest], queryFn: ({ signal }) => getImage(digest, signal) });
  const title = image.data ? shortRepository(image.data.repository) : shortDigest(digest);
  return (
    <Page
      title={title}
      breadcrumbs={[
        { text: text.images.title, href: "/images" },
        { text: title, href: "" },
      ]}
    >
      {image.error ? (
        <ProblemAlert header={text.image.notFound} error={image.error} retry={image.refetch} />
      ) : image.data ? (
        <Loaded image={image.data} title={title} />
      ) : (
        <Spinner size="large" />
      )}
    </Page>
  );
}

/** Reads the image's content from the snapshot of a cluster that names it. */
function useContent(image: Image, uses: Schemas["InventoryImageUse"][] | undefined) {
  const ref = uses?.[0]?.cluster;
  return useQuery({
    queryKey: ["snapshot", ref?.account, ref?.region, ref?.name, "image"],
    queryFn: ({ signal }) => (ref ? getSnapshot(ref, signal) : undefined),
    enabled: ref !== undefined && (image.read || image.report !== undefined),
    select: (s) => s?.images?.find((i) => i.digest === image.digest),
  });
}

function Loaded({ image, title }: { image: Image; title: string }) {
  const said = useSaid();
  const text = useText();
  const formats = useFormats();
  const tab = useTab("vulnerabilities");
  const uses = useQuery({ queryKey: ["image-uses", image.digest], queryFn: ({ signal }) => getImageUses(image.digest, signal) });
  const content = useContent(image, uses.data?.items);
  const t = text.image;
  const unread = image.unread ?? image.report?.unread;
  return (
    <ContentLayout header={<Header variant="h1">{title}</Header>}>
      <SpaceBetween size="l">
        {unread && (
          <Alert type="warning" header={text.images.unread}>
            {said(unread)}
            {image.report && ` ${t.reportBy(image.report.tool ?? image.report.source)}.`}
          </Alert>
        )}
        <Container header={<Header variant="h2">{t.facts}</Header>}>
          <KeyValuePairs
            columns={4}
            items={[
              { label: text.images.repository, value: image.repository },
              { label: t.digest, value: image.digest },
              { label: text.images.os, value: image.os ?? text.common.none },
              { label: text.images.age, value: formats.day(image.created_at) },
              { label: t.platform, value: content.data?.platform ?? text.common.none },
              { label: t.packages, value: formats.number(image.packages ?? 0) },
              { label: text.images.clusters, value: formats.number(image.clusters) },
              { label: text.images.running, value: formats.number(image.running) },
            ]}
          />
        </Container>
        <Tabs
          ariaLabel={title}
          {...tab}
          tabs={[
            {
              id: "vulnerabilities",
              label: t.matches,
              content: <Matches image={content.data} loading={content.isLoading || uses.isLoading} />,
            },
            { id: "uses", label: t.uses, content: <Uses uses={uses.data?.items} error={uses.error} /> },
            { id: "layers", label: t.layers, content: <Layers image={content.data} loading={content.isLoading || uses.isLoading} /> },
          ]}
        />
      </SpaceBetween>
    </ContentLayout>
  );
}
