import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import Spinner from "@cloudscape-design/components/spinner";
import { ProblemAlert } from "../parts/problems";
import { useText } from "../text";
import { begin, sessionQuery } from "./client";
import { Live } from "./live";
import { NoticesProvider } from "./notices";
import { SessionProvider } from "./session";
import { Shell } from "./shell";

const SignIn = lazy(async () => ({ default: (await import("./sign-in")).SignIn }));

/** Lets those in who are signed in, and shows the others how to sign in. */
export function Gate() {
  const text = useText();
  const { data: session, error, refetch } = useQuery(sessionQuery);
  if (error) {
    return (
      <main className="sign-in">
        <ProblemAlert header={text.signIn.failed} error={error} retry={refetch} />
      </main>
    );
  }
  if (!session) {
    return (
      <main className="wait">
        <Spinner size="large" />
      </main>
    );
  }
  if (!session.signed_in || !session.user) {
    return (
      <Suspense>
        <SignIn methods={session.methods} onSignedIn={begin} />
      </Suspense>
    );
  }
  return (
    <SessionProvider user={session.user}>
      <NoticesProvider>
        <Live />
        <Shell />
      </NoticesProvider>
    </SessionProvider>
  );
}
