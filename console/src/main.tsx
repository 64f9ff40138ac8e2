import "@cloudscape-design/global-styles/index.css";
import "virtual:theme.css";
import "./app/console.css";
import "./parts/parts.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app";
import { applyLooks } from "./app/looks";

applyLooks();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
