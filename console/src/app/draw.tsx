import "@cloudscape-design/global-styles/index.css";
import "virtual:theme.css";
import "./console.css";
import "../parts/parts.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { applyLooks } from "./looks";

/** Draws the console. */
export function draw(): void {
  applyLooks();
  const root = document.getElementById("root");
  if (root) {
    createRoot(root).render(
      <StrictMode>
        <App />
      </StrictMode>,
    );
  }
}
