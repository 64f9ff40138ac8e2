// What the first page needs is asked for at once and side by side: its files, its texts,
// who is signed in, and what it shows first. The frame, which is large, is loaded and
// read meanwhile; so nothing here may import React or Cloudscape. What fails here is
// asked for again by whoever draws it, and shown there.
import { client, sessionQuery } from "./app/client";
import { keptLooks } from "./app/kept-looks";
import { pageAt } from "./app/pages";
import { loadText } from "./text/load";

const url = new URL(location.href);
const page = pageAt(url.pathname);
const text = loadText(keptLooks().language);
void Promise.allSettled([
  page?.load(),
  client.query(sessionQuery).then((session) => Promise.allSettled(session.signed_in ? (page?.first?.(client, url) ?? []) : [])),
]);
// No await: the frame imports what stands here, and would wait for itself.
void Promise.all([import("./app/draw"), text]).then(([{ draw }]) => draw());
