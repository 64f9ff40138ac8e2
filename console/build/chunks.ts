import path from "node:path";

/** What the bundler tells of its modules. */
interface Graph {
  getModuleInfo: (id: string) => { importedIds: readonly string[]; dynamicallyImportedIds: readonly string[] } | null;
}

/** What at least this many pages need is loaded by all of them. */
const sharedBy = 2;

/**
 * What may be in `start`: the library of queries exports its parts for React beside the
 * others, and those are left out when it is put together.
 */
const early = /\/console\/src\/|\/query-core\/|[qQ]ueryOptions\.js$|preload-helper/;

const source = (name: string) => path.resolve(import.meta.dirname, "../src", name);

/**
 * Names the file that a module goes into: a browser has one large file sooner than
 * twenty small ones. `start` begins to ask, `frame` is around every page, and `shared`
 * is what most pages are drawn with. What few need stays with those.
 */
export function chunks() {
  let names: Map<string, string> | undefined;
  return ["text-en", "text-zh-CN", "start", "frame", "shared"].map((name, i, all) => ({
    name: (id: string, graph: Graph) => ((names ??= nameAll(graph)).get(id) === name ? name : null),
    priority: all.length - i,
  }));
}

function nameAll(graph: Graph): Map<string, string> {
  const names = new Map<string, string>();
  const give = (name: string, ids: Iterable<string>) => {
    for (const id of ids) {
      if (!names.has(id)) {
        names.set(id, name);
      }
    }
  };
  give(
    "start",
    [...needed(graph, source("main.ts"))].filter((id) => early.test(id)),
  );
  give("frame", needed(graph, source("app/draw.tsx")));
  const counts = new Map<string, number>();
  for (const page of graph.getModuleInfo(source("app/pages.ts"))?.dynamicallyImportedIds ?? []) {
    for (const id of needed(graph, page)) {
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  give(
    "shared",
    [...counts].filter(([, n]) => n >= sharedBy).map(([id]) => id),
  );
  for (const language of graph.getModuleInfo(source("text/load.ts"))?.dynamicallyImportedIds ?? []) {
    const name = /([\w-]+)\.[jt]s$/.exec(language.replace("all.", ""))?.[1];
    give(`text-${name}`, needed(graph, language));
  }
  return names;
}

/** Gives a module and all that it imports at once. */
function needed(graph: Graph, id: string, seen = new Set<string>()): Set<string> {
  if (!seen.has(id)) {
    seen.add(id);
    graph.getModuleInfo(id)?.importedIds.forEach((next) => needed(graph, next, seen));
  }
  return seen;
}
