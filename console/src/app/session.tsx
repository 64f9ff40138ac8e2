import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useCallback, useContext, useMemo, type ReactNode } from "react";
import { setSession } from "../api/request";
import { readSession, type Role, type Session, signOut, type User } from "../api/session";

interface SessionControl {
  user: User;
  /** Whether the user's role may do what the given role may. */
  may: (role: Role) => boolean;
  leave: () => Promise<void>;
}

const roles: Role[] = ["viewer", "operator", "approver", "admin"];
const sessionKey = ["session"];
const Context = createContext<SessionControl | undefined>(undefined);

/** Reads the browser's session; `begin` takes the one that a sign-in gave. */
export function useSessionState() {
  const client = useQueryClient();
  // The token is set before anybody sees the session: what is drawn then asks at once.
  const take = useCallback(
    (session: Session) => {
      setSession(session.csrf_token ?? "", () => void client.invalidateQueries({ queryKey: sessionKey }));
      return session;
    },
    [client],
  );
  const state = useQuery({
    queryKey: sessionKey,
    queryFn: async () => take(await readSession()),
    staleTime: Infinity,
    retry: false,
  });
  const begin = useCallback((begun: Session) => client.setQueryData(sessionKey, take(begun)), [client, take]);
  return { session: state.data, error: state.error, reread: state.refetch, begin };
}

/** Tells everything below who is signed in. */
export function SessionProvider({ user, children }: { user: User; children: ReactNode }) {
  const client = useQueryClient();
  const value = useMemo(
    () => ({
      user,
      may: (role: Role) => roles.indexOf(user.role) >= roles.indexOf(role),
      leave: async () => {
        await signOut();
        client.clear();
        location.assign("/");
      },
    }),
    [user, client],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

/** Gives who is signed in, and what they may do. */
export function useSession(): SessionControl {
  const control = useContext(Context);
  if (!control) {
    throw new Error("useSession outside of SessionProvider");
  }
  return control;
}
