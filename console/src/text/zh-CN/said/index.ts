import findings from "./findings.json" with { type: "json" };
import guidance from "./guidance.json" with { type: "json" };
import pages from "./pages.json" with { type: "json" };
import plans from "./plans.json" with { type: "json" };
import server from "./server.json" with { type: "json" };
import settings from "./settings.json" with { type: "json" };

/** What the server says and its translation: of findings, of remedies in every form and as pages, of plans, of what else it tells, and of what settings mean. */
export default [...findings, ...guidance, ...pages, ...plans, ...server, ...settings];
