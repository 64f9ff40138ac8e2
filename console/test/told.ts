import type { Page } from "@playwright/test";

/** The fields of the API whose values are sentences. */
const sentences = new Set(
  (
    "cannot cause description detail example evidence facts.limit facts.name intro irreversible limit meaning notes problem reason reasons short stays " +
    "steps summary text title undo_limit unknowns unread why"
  ).split(" "),
);

/** Parts of answers that are in nobody's words: what AWS documents, and what somebody named. */
const foreign = new Set(["references", "tags", "forms.title"]);

/** Collects the sentences in an answer. */
export function sentencesIn(answer: unknown, name = "", into = new Set<string>()): Set<string> {
  if (typeof answer === "string" && (sentences.has(name) || sentences.has(name.split(".").at(-1) ?? ""))) {
    into.add(answer);
  } else if (Array.isArray(answer)) {
    answer.forEach((one) => sentencesIn(one, name, into));
  } else if (typeof answer === "object" && answer !== null) {
    const within = name.split(".").at(-1) ?? "";
    for (const [key, value] of Object.entries(answer)) {
      const path = `${within}.${key}`;
      if (!foreign.has(key) && !foreign.has(path)) {
        sentencesIn(value, path, into);
      }
    }
  }
  return into;
}

interface Topic {
  id: string;
  offers?: { option: string; asks?: { name: string; required?: boolean; many?: boolean; flag?: boolean; number?: boolean }[] }[];
}

/** Asks the server for all that it has to say of its findings, clusters and plans, drafting a plan for every option of theirs that images have no part in. */
export async function everythingSaid(page: Page): Promise<Set<string>> {
  const into = new Set<string>();
  const get = async (path: string): Promise<{ items?: never[] } & Record<string, unknown>> => {
    const answer = (await (await page.request.get(`/api/v1${path}`)).json()) as Record<string, unknown>;
    sentencesIn(answer, "", into);
    return answer;
  };
  const { csrf_token: token } = (await (await page.request.get("/auth/session")).json()) as { csrf_token?: string };
  await get("/coverage");
  const { items: clusters = [] } = await get("/clusters?limit=200");
  const values: Record<string, unknown> = {
    cidrs: ["203.0.113.0/24"],
    from_callers: 7,
    create_key: true,
    prefix_list: "pl-0123456789abcdef0",
    operator: "198.51.100.7",
  };
  for (const { finding } of clusters as { finding?: { id: string } }[]) {
    if (!finding) continue;
    const { id } = finding;
    await get(`/findings/${id}`);
    await get(`/findings/${id}/history`);
    const { items: topics = [] } = await get(`/findings/${id}/topics`);
    for (const topic of topics as Topic[]) {
      await get(`/findings/${id}/topics/${topic.id}/guidance`);
      for (const offer of topic.offers ?? []) {
        if (offer.option === "newest-tag") continue; // takes minutes
        const asked = Object.fromEntries((offer.asks ?? []).filter((a) => a.name in values).map((a) => [a.name, values[a.name]]));
        const drafted = await page.request.post("/api/v1/plans", {
          data: { finding: id, topic: topic.id, option: offer.option, ...asked },
          headers: { "X-Csrf-Token": token ?? "" },
        });
        sentencesIn(await drafted.json(), "", into);
      }
    }
  }
  return into;
}
