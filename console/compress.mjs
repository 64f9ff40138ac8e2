// Copies a folder of built files, and puts a brotli and a gzip form beside each file
// that they make smaller: node compress.mjs FROM TO. The placeholder that keeps TO in
// the repository stays.
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const [from, to] = process.argv.slice(2);
const kept = "placeholder.txt";
const text = new Set([".css", ".html", ".js", ".json", ".svg", ".webmanifest"]);

const brotli = (data) => promisify(brotliCompress)(data, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: data.length } });
const zip = (data) => promisify(gzip)(data, { level: 9 });

for (const name of await readdir(to)) {
  if (name !== kept) await rm(path.join(to, name), { recursive: true });
}
await cp(from, to, { recursive: true });

const files = (await readdir(to, { recursive: true, withFileTypes: true })).filter((f) => f.isFile() && text.has(path.extname(f.name)));
const sizes = await Promise.all(
  files.map(async (file) => {
    const name = path.join(file.parentPath, file.name);
    const data = await readFile(name);
    const forms = { ".br": await brotli(data), ".gz": await zip(data) };
    for (const [extension, form] of Object.entries(forms)) {
      if (form.length < data.length) await writeFile(name + extension, form);
    }
    return [data.length, forms[".br"].length];
  }),
);
const sum = (i) => Math.round(sizes.reduce((all, size) => all + size[i], 0) / 1024);
console.log(`console: ${files.length} files, ${sum(0)} KiB, ${sum(1)} KiB with brotli`);
