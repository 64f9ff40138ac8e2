// Reads the Dockerfiles of a JSON list, for tests only, and prints what is wrong with them.
//
//     dockerfile.mjs NODE_MODULES < list.json
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { validate } = createRequire(`${process.argv[2]}/`)("dockerfile-utils");
let failed = false;
for (const { Name, Text } of JSON.parse(readFileSync(0, "utf8"))) {
  for (const found of validate(Text)) {
    failed = true;
    console.log(`${Name}:${found.range.start.line + 1}: ${found.message}`);
  }
}
process.exitCode = failed ? 1 : 0;
