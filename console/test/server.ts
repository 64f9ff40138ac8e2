import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";

import { request } from "@playwright/test";

/** What tests need to know of the server; workers inherit it. */
const inherited = { url: "CONSOLE_URL", id: "CONSOLE_KEY_ID", secret: "CONSOLE_KEY_SECRET", state: "CONSOLE_STATE" };

/** Where the server is, as global set-up left it. */
export function server() {
  const read = (name: string) => process.env[name] ?? "";
  return { url: read(inherited.url), id: read(inherited.id), secret: read(inherited.secret), state: read(inherited.state) };
}

/**
 * Starts the demo on a free port, signs in once, and ends the demo after all tests.
 * With CONSOLE_URL, CONSOLE_KEY_ID and CONSOLE_KEY_SECRET a server that runs is taken.
 */
export default async function start() {
  const running = server();
  if (running.url) {
    await signIn(running.url, running.id, running.secret);
    return;
  }
  const root = path.resolve(import.meta.dirname, "../..");
  const program = path.resolve(root, process.env.EKSPOSURE ?? ".cache/bin/eksposure");
  const demo = spawn(program, ["demo", "--serve", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  demo.stderr.on("data", (text: Buffer) => (said += text.toString()));
  const ended = new Promise<void>((done) => demo.once("exit", () => done()));
  const found: Record<string, string> = {};
  for await (const line of createInterface({ input: demo.stdout })) {
    const match = /AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)='(.+)'|--endpoint-url (\S+)/.exec(line);
    if (match?.[1]) found[match[1]] = match[2] ?? "";
    if (match?.[3]) found.URL = match[3];
    if (found.URL) break;
  }
  if (!found.URL) throw new Error(`the demo did not start: ${said}`);

  await signIn(found.URL, found.ACCESS_KEY_ID ?? "", found.SECRET_ACCESS_KEY ?? "");
  process.env[inherited.url] = found.URL;
  process.env[inherited.id] = found.ACCESS_KEY_ID;
  process.env[inherited.secret] = found.SECRET_ACCESS_KEY;
  return async () => {
    demo.kill("SIGINT");
    await ended;
  };
}

/** Signs in, and keeps the session for every test. */
async function signIn(url: string, id: string, secret: string) {
  const state = path.resolve(import.meta.dirname, "../node_modules/.cache/signed-in.json");
  await mkdir(path.dirname(state), { recursive: true });
  const api = await request.newContext({ baseURL: url });
  const answer = await api.post("/auth/key", { data: { access_key_id: id, secret_access_key: secret } });
  if (!answer.ok()) {
    throw new Error(`sign-in: ${answer.status()} ${await answer.text()}`);
  }
  await api.storageState({ path: state });
  await api.dispose();
  process.env[inherited.state] = state;
}
