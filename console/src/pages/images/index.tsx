import Box from "@cloudscape-design/components/box";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import type { Image } from "../../api/inventory";
import { Page } from "../../app/layout";
import { askedOf } from "../../parts/asked";
import { Choice } from "../../parts/choice";
import { ImageName } from "../../parts/image-words";
import { PagedTable, type PagedColumn } from "../../parts/paged-table";
import { useFormats, useText, type Text } from "../../text";
import type { Formats } from "../../text/format";
import { State } from "../../parts/state";
import { imagePage, sorts } from "./requests";

function columns(text: Text, formats: Formats): PagedColumn<Image>[] {
  const t = text.images;
  const count = (n: number | undefined) => (n === undefined ? text.common.none : formats.number(n));
  return [
    {
      id: "repository",
      header: t.repository,
      isRowHeader: true,
      cell: (i) => <ImageName repository={i.repository} digest={i.digest} />,
    },
    { id: "os", header: t.os, cell: (i) => <System image={i} /> },
    { id: "created", header: t.age, cell: (i) => (i.created_at ? formats.ago(i.created_at) : text.common.none) },
    { id: "critical", header: t.critical, cell: (i) => count(i.counts?.critical) },
    { id: "high", header: t.high, cell: (i) => count(i.counts?.high) },
    { id: "kev", header: t.kev, cell: (i) => count(i.counts?.kev) },
    { id: "clusters", header: t.clusters, cell: (i) => count(i.clusters) },
    { id: "running", header: t.running, cell: (i) => count(i.running) },
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
  const [params] = useSearchParams();
  const page = useQuery({ ...imagePage(params), placeholderData: keepPreviousData });
  return (
    <Page title={text.images.title} breadcrumbs={[]} contentType="table">
      <PagedTable
        title={text.images.title}
        description={text.images.about}
        page={page.data}
        asked={askedOf(params, sorts)}
        sorts={sorts}
        columns={columns(text, formats)}
        searchLabel={text.images.search}
        row={(i) => i.digest}
        error={page.error}
        retry={page.refetch}
        empty={{ title: text.images.emptyTitle, text: text.images.emptyText }}
        filterNames={["show"]}
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
