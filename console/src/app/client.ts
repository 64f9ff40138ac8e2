import { QueryClient, queryOptions } from "@tanstack/react-query";
import { ApiError } from "../api/problem";
import { setSession } from "../api/request";
import { readSession, type Session } from "../api/session";

/** Holds what the server said. */
export const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 2 && error instanceof ApiError && error.retry,
    },
  },
});

// The token is set before anybody sees the session: what is drawn then asks at once.
function take(session: Session): Session {
  setSession(session.csrf_token ?? "", () => void client.invalidateQueries({ queryKey: sessionQuery.queryKey }));
  return session;
}

/** Reads the browser's session. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async () => take(await readSession()),
  staleTime: Infinity,
  retry: false,
});

/** Takes the session that a sign-in gave. */
export const begin = (session: Session) => client.setQueryData(sessionQuery.queryKey, take(session));
