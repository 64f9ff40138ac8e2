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

/** A server that runs, the key to it, and how it is ended. */
export interface Running {
  url: string;
  id: string;
  secret: string;
  stop: () => Promise<void>;
}

/**
 * Starts the demo, signs in once, and ends the demo after all tests. With CONSOLE_URL,
 * CONSOLE_KEY_ID and CONSOLE_KEY_SECRET a server that runs is taken.
 */
export default async function start() {
  const running = server();
  if (running.url) {
    process.env[inherited.state] = await signIn(running, "signed-in");
    return;
  }
  const demo = await startDemo();
  process.env[inherited.state] = await signIn(demo, "signed-in");
  process.env[inherited.url] = demo.url;
  process.env[inherited.id] = demo.id;
  process.env[inherited.secret] = demo.secret;
  return demo.stop;
}

/** Starts the demo on a free port. */
export async function startDemo(): Promise<Running> {
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
  const stop = async () => {
    demo.kill("SIGINT");
    await ended;
  };
  return { url: found.URL, id: found.ACCESS_KEY_ID ?? "", secret: found.SECRET_ACCESS_KEY ?? "", stop };
}

/** Signs in, and keeps the session in a file for every test that has its name. */
export async function signIn({ url, id, secret }: Omit<Running, "stop">, name: string): Promise<string> {
  const state = path.resolve(import.meta.dirname, `../node_modules/.cache/${name}.json`);
  await mkdir(path.dirname(state), { recursive: true });
  const api = await request.newContext({ baseURL: url });
  const answer = await api.post("/auth/key", { data: { access_key_id: id, secret_access_key: secret } });
  if (!answer.ok()) {
    throw new Error(`sign-in: ${answer.status()} ${await answer.text()}`);
  }
  await api.storageState({ path: state });
  await api.dispose();
  return state;
}
