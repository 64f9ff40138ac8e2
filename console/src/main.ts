// What the first page needs is asked for at once and side by side, while the browser
// loads and compiles the frame, which is large; so nothing here may import React or
// Cloudscape. What fails here is asked for again by whoever draws it, and shown there.
import { client, sessionQuery } from "./app/client";
import { keptLooks } from "./app/kept-looks";
import { pageAt } from "./app/pages";
import { loadText } from "./text/load";

async function begin() {
  const text = loadText(keptLooks().language);
  const signedIn = await client.query(sessionQuery).then(
    (session) => session.signed_in,
    () => false,
  );
  if (signedIn) {
    const url = new URL(location.href);
    const page = pageAt(url.pathname);
    void Promise.allSettled([...(page?.first?.(client, url) ?? []), page?.load()]);
  }
  // Only now: while the frame is evaluated, nothing else is.
  const [{ draw }] = await Promise.all([import("./app/draw"), text]);
  draw();
}

void begin();
