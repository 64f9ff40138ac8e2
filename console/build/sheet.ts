import { generateThemeStylesheet } from "@cloudscape-design/components/theming";
import { theme } from "./theme";

/** The theme as a style sheet. */
export const sheet = generateThemeStylesheet({ theme });
