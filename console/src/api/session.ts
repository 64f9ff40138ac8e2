import { request } from "./request";

/** What somebody may be: each may do what the ones before may. */
export type Role = "viewer" | "operator" | "approver" | "admin";

/** Who is signed in. */
export interface User {
  id: string;
  name: string;
  role: Role;
}

/** The state of the browser's session. */
export interface Session {
  signed_in: boolean;
  methods: ("key" | "provider")[];
  user?: User;
  csrf_token?: string;
  ends_at?: string;
}

export const readSession = (): Promise<Session> => request("GET", "/auth/session");

export const signInWithKey = (id: string, secret: string): Promise<Session> =>
  request("POST", "/auth/key", { access_key_id: id, secret_access_key: secret });

export const signOut = (): Promise<undefined> => request("POST", "/auth/logout");

/** Where the browser goes to sign in at the identity provider. */
export const providerAddress = (back: string): string => `/auth/login?return=${encodeURIComponent(back)}`;
