import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "react-router";
import { ApiError } from "../api/problem";
import { TextProvider } from "../text";
import { LooksProvider } from "./looks";
import { router } from "./router";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 2 && error instanceof ApiError && error.retry,
    },
  },
});

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
