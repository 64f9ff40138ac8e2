import { createHash } from "node:crypto";
import react from "@vitejs/plugin-react";
import { defineConfig, runnerImport, type Plugin } from "vite";
import { chunks } from "./build/chunks";

// The page's policy allows no style that a script writes, so the theme becomes a
// style sheet when the console is built.
function themeSheet(): Plugin {
  const id = "virtual:theme.css";
  return {
    name: "theme-sheet",
    resolveId: { filter: { id: /^virtual:theme\.css$/ }, handler: () => `\0${id}` },
    load: {
      filter: { id: /virtual:theme\.css$/ },
      async handler() {
        const { module } = await runnerImport<typeof import("./build/sheet")>("./build/sheet.ts", {
          configFile: false,
          logLevel: "error",
          environments: { inline: { resolve: { noExternal: [/@cloudscape-design/] } } },
        });
        return module.sheet;
      },
    },
  };
}

// Cloudscape brings three frames and chooses one when it draws; it is always the same one.
function oneFrame(): Plugin {
  const none = "virtual:no-frame";
  return {
    name: "one-frame",
    enforce: "pre",
    resolveId: {
      filter: { id: /^\.\/(classic|visual-refresh-toolbar)$/ },
      handler: (_, importer) => (importer?.endsWith("/app-layout/internal.js") ? `\0${none}` : undefined),
    },
    load: { filter: { id: /virtual:no-frame$/ }, handler: () => "export default () => null;" },
  };
}

// Cloudscape's style sheet carries all its fonts in itself, 130 KiB of which most pages
// need two: as files, a browser loads those that it draws with. Those two are asked for
// early, because the top bar is measured once. What is italic is slanted by the browser.
function fontFiles(): Plugin {
  const early: string[] = [];
  return {
    name: "font-files",
    enforce: "pre",
    transform: {
      filter: { id: /global-styles\/index\.css$/ },
      handler(code) {
        return code
          .replace(/@font-face \{[^}]*font-style: italic;[^}]*\}/g, "")
          .replace(
            /(font-weight: (\d+);\s*font-style: (\w+);[^}]*?)url\('?data:font\/woff2;[^,]*,([^')]*)'?\)/g,
            (_, before: string, weight: string, style: string, data: string) => {
              const source = Buffer.from(data, "base64");
              const fileName = `assets/open-sans-${createHash("sha256").update(source).digest("hex").slice(0, 8)}.woff2`;
              this.emitFile({ type: "asset", fileName, source });
              if (style === "normal" && (weight === "400" || weight === "700")) {
                early.push(`/${fileName}`);
              }
              return `font-display: swap; ${before}url(/${fileName})`;
            },
          );
      },
    },
    transformIndexHtml: () =>
      early.map((href) => ({ tag: "link", attrs: { rel: "preload", as: "font", type: "font/woff2", href, crossorigin: true } })),
  };
}

// The page's script asks who is signed in, and for the frame: the browser is told before
// it has the script. Style sheets are put in place by whoever imports them.
function askEarly(): Plugin {
  return {
    name: "ask-early",
    transformIndexHtml: {
      order: "post",
      handler(_, { bundle = {} }) {
        const files = new Set<string>();
        const styles = new Set<string>();
        const add = (name: string) => {
          const chunk = bundle[name];
          if (chunk?.type !== "chunk" || files.has(name)) {
            return;
          }
          files.add(name);
          chunk.viteMetadata?.importedCss.forEach((css) => styles.add(css));
          chunk.imports.forEach(add);
        };
        const named = (name: string) =>
          Object.values(bundle).find((chunk) => chunk.type === "chunk" && chunk.name === name)?.fileName ?? "";
        add(named("frame"));
        files.delete(named("start")); // the page's own script
        const link = (rel: string, href: string, attrs = {}) => ({
          tag: "link",
          injectTo: "head" as const,
          attrs: { rel, href: `/${href}`, crossorigin: true, ...attrs },
        });
        return [
          link("preload", "auth/session", { as: "fetch" }),
          ...[...files].map((f) => link("modulepreload", f)),
          ...[...styles].map((f) => link("preload", f, { as: "style" })),
        ];
      },
    },
  };
}

// V8 compiles what has this comment while it arrives, and not when each function is first
// called. It has to be the first line, so it comes last of all.
function compileEarly(): Plugin {
  const page = /\/src\/pages\/\w+\/index\.tsx$/;
  return {
    name: "compile-early",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type === "chunk" && (/^(frame|shared)$/.test(chunk.name) || page.test(chunk.facadeModuleId ?? ""))) {
            chunk.code = `//# allFunctionsCalledOnLoad\n${chunk.code}`;
          }
        }
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), themeSheet(), oneFrame(), fontFiles(), askEarly(), compileEarly()],
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { output: { codeSplitting: { groups: chunks() } } },
  },
  server: {
    // npm run dev: the page from Vite, everything else from a server that runs.
    proxy: Object.fromEntries(
      ["/api", "/auth", "/findingsv2", "/resourcesv2", "/connectorsv2", "/ticketsv2", "/automationrulesv2", "/findingsTrendsv2"].map(
        (path) => [path, { target: process.env.EKSPOSURE_URL ?? "http://127.0.0.1:8443" }],
      ),
    ),
  },
});
