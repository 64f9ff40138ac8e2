// Runs scenarios (test/clients/scenarios.json) with the AWS SDK for JavaScript:
//
//   node client.mjs SCENARIOS < variables.json > results.json
//
// The endpoint and the credentials come from the usual AWS_ variables.
import { readFileSync } from "node:fs";
import * as sdk from "@aws-sdk/client-securityhub";

const scenarios = JSON.parse(readFileSync(process.argv[2], "utf8"));
const variables = JSON.parse(readFileSync(0, "utf8"));
const client = new sdk.SecurityHubClient({ maxAttempts: 1 });

const fill = (value) =>
  JSON.parse(JSON.stringify(value ?? {}).replace(/\$\{(\w+)\}/g, (_, name) => variables[name] ?? "none"));

const dates = new Set(["StartTime", "EndTime"]);
const typed = (input) =>
  Object.fromEntries(Object.entries(input).map(([k, v]) => [k, dates.has(k) ? new Date(v) : v]));

async function call({ operation, input, list, page_size: pageSize }) {
  const filled = typed(fill(input));
  if (!list) {
    const { $metadata, ...output } = await client.send(new sdk[operation + "Command"](filled));
    return { output };
  }
  const items = [];
  let pages = 0;
  for await (const page of sdk["paginate" + operation]({ client, pageSize }, filled)) {
    pages++;
    items.push(...page[list]);
  }
  return { output: { [list]: items }, pages };
}

const results = [];
for (const s of scenarios) {
  const result = { name: s.name };
  try {
    Object.assign(result, await call(s));
    for (const [name, path] of Object.entries(s.capture ?? {})) {
      variables[name] = path.split(".").reduce((v, key) => v[key], result.output);
    }
  } catch (e) {
    result.error = e.name;
    result.status = e.$metadata?.httpStatusCode ?? 0;
    result.typed = typeof sdk[e.name] === "function" && e instanceof sdk[e.name];
    result.message = e.message;
  }
  results.push(result);
}
process.stdout.write(JSON.stringify(results));
