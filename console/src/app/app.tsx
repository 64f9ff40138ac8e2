import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "react-router";
import { TextProvider } from "../text";
import { client } from "./client";
import { LooksProvider } from "./looks";
import { router } from "./router";

/** The whole console. */
export function App() {
  return (
    <LooksProvider>
      <TextProvider>
        <QueryClientProvider client={client}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </TextProvider>
    </LooksProvider>
  );
}
