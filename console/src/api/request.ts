import { ApiError, problemOf } from "./problem";

/** What the session gives to every request that changes something. */
let csrfToken = "";
let onSignedOut: () => void = () => undefined;

/** Sets the session's token, and what happens when a request finds the session over. */
export function setSession(token: string, signedOut: () => void): void {
  csrfToken = token;
  onSignedOut = signedOut;
}

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

/** Sends a request with the browser's session and gives the JSON answer. */
export async function request<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers = new Headers({ Accept: "application/json" });
  if (method !== "GET") {
    headers.set("X-Csrf-Token", csrfToken);
  }
  if (body !== undefined) {
    headers.set("Content-Type", "application/json");
  }
  const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-cache" };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
  }
  if (signal) {
    init.signal = signal;
  }
  const response = await fetch(path, init).catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === "AbortError") {
      throw cause;
    }
    throw new ApiError(0, "unreachable", "", undefined, true);
  });
  if (!response.ok) {
    const problem = await problemOf(response);
    if (problem.signedOut) {
      onSignedOut();
    }
    throw problem;
  }
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** Writes a query, leaving out what is not set. */
export function query(values: Record<string, string | string[] | number | boolean | undefined>): string {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== "") {
        q.append(name, String(one));
      }
    }
  }
  const text = q.toString();
  return text && `?${text}`;
}

/** Writes one segment of a path. */
export const segment = encodeURIComponent;
