import Box from "@cloudscape-design/components/box";
import { useQuery } from "@tanstack/react-query";
import { getAllImages, type Image } from "../../api/inventory";
import { Page } from "../../app/layout";
import { Choice } from "../../parts/choice";
import { ImageName } from "../../parts/image-words";
import { ListTable, type Column } from "../../parts/list-table";
import { useUrl } from "../../parts/url";
import { useFormats, useText, type Text } from "../../text";
import type { Formats } from "../../text/format";
import { State } from "../../parts/state";

function columns(text: Text, formats: Formats): Column<Image>[] {
  const t = text.images;
  const count = (n: number | undefined) => (n === undefined ? text.common.none : formats.number(n));
  return [
    {
      id: "repository",
      header: t.repository,
      isRowHeader: true,
      sort: (i) => i.repository,
      cell: (i) => <ImageName repository={i.repository} digest={i.digest} />,
    },
    { id: "os", header: t.os, sort: (i) => i.os, cell: (i) => <System image={i} /> },
    { id: "age", header: t.age, sort: (i) => i.created_at, cell: (i) => (i.created_at ? formats.ago(i.created_at) : text.common.none) },
    { id: "critical", header: t.critical, sort: (i) => i.counts?.critical, cell: (i) => count(i.counts?.critical) },
    { id: "high", header: t.high, sort: (i) => i.counts?.high, cell: (i) => count(i.counts?.high) },
    { id: "kev", header: t.kev, sort: (i) => i.counts?.kev, cell: (i) => count(i.counts?.kev) },
    { id: "clusters", header: t.clusters, sort: (i) => i.clusters, cell: (i) => count(i.clusters) },
    { id: "running", header: t.running, sort: (i) => i.running, cell: (i) => count(i.running) },
  ];
}

function System({ image }: { image: Image }) {
  const text = useText();
  const formats = useFormats();
  if (!image.read && !image.report) {
    return <State type="warning">{text.images.unread}</State>;
  }
  return (
    <>
      <Box display="block">{image.os ?? text.common.none}</Box>
      {image.end_of_life && new Date(image.end_of_life) < new Date() && (
        <State type="warning">{text.images.endOfLife(formats.day(image.end_of_life))}</State>
      )}
    </>
  );
}

/** Every image that clusters name, and how vulnerable it is. */
export default function Images() {
  const text = useText();
  const formats = useFormats();
  const { get } = useUrl();
  const images = useQuery({ queryKey: ["images"], queryFn: ({ signal }) => getAllImages({}, signal) });
  const show = get("show");
  const items = images.data?.items.filter((i) => (show === "unread" ? !i.read : show === "running" ? i.running > 0 : true));
  return (
    <Page title={text.images.title} breadcrumbs={[]} contentType="table">
      <ListTable
        variant="full-page"
        title={text.images.title}
        description={images.data?.more ? text.lists.more(formats.number(images.data.items.length)) : text.images.about}
        items={items}
        columns={columns(text, formats)}
        search={(i) => `${i.repository} ${i.digest} ${i.os ?? ""}`}
        searchLabel={text.images.search}
        sort="-critical"
        row={(i) => i.digest}
        error={images.error}
        retry={images.refetch}
        empty={{ title: text.images.emptyTitle, text: text.images.emptyText }}
        filters={
          <Choice
            name="show"
            label={text.images.show}
            options={[
              { value: "running", label: text.images.onlyRunning },
              { value: "unread", label: text.images.onlyUnread },
            ]}
          />
        }
      />
    </Page>
  );
}
