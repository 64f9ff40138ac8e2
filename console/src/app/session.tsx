import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useMemo, type ReactNode } from "react";
import { signOut, type Role, type User } from "../api/session";

interface SessionControl {
  user: User;
  /** Whether the user's role may do what the given role may. */
  may: (role: Role) => boolean;
  leave: () => Promise<void>;
}

const roles: Role[] = ["viewer", "operator", "approver", "admin"];
const Context = createContext<SessionControl | undefined>(undefined);

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
