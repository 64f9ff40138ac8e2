import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules", "dist", "src/api/openapi.d.ts", "test/results"] },
  js.configs.recommended,
  {
    files: ["*.mjs"],
    languageOptions: {
      globals: Object.fromEntries(
        [
          "console",
          "performance",
          "process",
          "URL",
          "setTimeout",
          "clearTimeout",
          "document",
          "window",
          "MutationObserver",
          "requestAnimationFrame",
        ].map((name) => [name, "readonly"]),
      ),
    },
  },
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Handlers of Cloudscape return nothing; an async one shows its own errors.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false, properties: false } }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/prefer-nullish-coalescing": ["error", { ignorePrimitives: { string: true } }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
    },
  },
  // Playwright reads from the pattern what a fixture needs, also when that is nothing.
  { files: ["test/**/*.ts"], rules: { "no-empty-pattern": "off" } },
  { files: ["**/*.tsx"], ...a11y.flatConfigs.strict },
  { files: ["src/**/*.{ts,tsx}"], plugins: { "react-hooks": hooks }, rules: hooks.configs.recommended.rules },
);
