// What the console costs: bytes of a first visit, calls of the API, and the time until a
// page can be used, each the median of five visits with an empty cache. The page itself
// tells when it can be used, in the frame after what was waited for is there: what
// Playwright looks for things with takes the page a tenth of a second.
//   node bench.mjs URL KEY_ID SECRET        against a server that runs
import { chromium } from "@playwright/test";

const [url, id, secret] = process.argv.slice(2);
const visits = 5;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const api = await browser.newContext({ baseURL: url });
const signedIn = await api.request.post("/auth/key", { data: { access_key_id: id, secret_access_key: secret } });
if (!signedIn.ok()) {
  throw new Error(`sign-in: ${signedIn.status()}`);
}
const storageState = await api.storageState();
const { csrf_token: token } = await signedIn.json();
const first = await api.request.post("/findingsv2", { headers: { "X-Csrf-Token": token }, data: { MaxResults: 1 } });
const finding = (await first.json()).Findings?.[0]?.metadata.uid;

// A list is left out where the server has nothing for it.
const filled = async (list) => ((await (await api.request.get(`/api/v1/${list}?limit=1`)).json()).items ?? []).length > 0;
const lists = [];
for (const list of ["clusters", "images", "vulnerabilities"]) {
  if (await filled(list)) lists.push([list, `/${list}`, "tbody th"]);
}
const pages = [
  ["summary", "/summary", "main table"],
  ["list of exposures, in groups", "/exposures", "th a"],
  ["list of exposures, one by one", "/exposures?group=none", "tbody input[type=checkbox]"],
  ...(finding ? [["one exposure", `/exposures/${finding}`, "[role=tab]"]] : []),
  ...lists,
];

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Opens a page with an empty cache, and tells what it took. */
async function visit(address, ready) {
  const context = await browser.newContext({ baseURL: url, storageState, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  const seen = { files: 0, calls: 0 };
  const ours = new Map();
  network.on("Network.requestWillBeSent", (e) => ours.set(e.requestId, new URL(e.request.url).pathname));
  network.on("Network.loadingFinished", (e) => {
    const path = ours.get(e.requestId) ?? "";
    if (path.startsWith("/assets/") || path.includes(".") || path === address.split("?")[0]) {
      seen.files += e.encodedDataLength;
    } else {
      seen.calls++;
    }
  });
  let told = () => {};
  const usable = new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${address}: there is no ${ready} after half a minute`)), 30_000);
    told = (ms) => {
      clearTimeout(late);
      resolve(ms);
    };
  });
  await page.exposeFunction("usable", (ms) => told(ms));
  await page.addInitScript((ready) => {
    const look = new MutationObserver(() => {
      if (document.querySelector(ready)?.getClientRects().length) {
        look.disconnect();
        requestAnimationFrame(() => setTimeout(() => window.usable(performance.now())));
      }
    });
    look.observe(document, { childList: true, subtree: true });
  }, ready);
  await page.goto(address);
  const ms = await usable;
  await page.waitForLoadState("networkidle");
  await context.close();
  return { ...seen, usable: ms };
}

console.log("| page | KiB transferred | API calls | usable after |\n|---|---|---|---|");
for (const [name, address, ready] of pages) {
  const all = [];
  for (let i = 0; i < visits; i++) {
    all.push(await visit(address, ready));
  }
  const of = (key) => median(all.map((v) => v[key]));
  console.log(`| ${name} | ${Math.round(of("files") / 1024)} | ${of("calls")} | ${(of("usable") / 1000).toFixed(2)} s |`);
}
await browser.close();
