import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState, type SyntheticEvent } from "react";
import { ApiError } from "../api/problem";
import { providerAddress, type Session, signInWithKey } from "../api/session";
import { useDescribe } from "../parts/problems";
import { useText } from "../text";

interface Props {
  methods: Session["methods"];
  onSignedIn: (session: Session) => void;
}

/** The sign-in page: with an access key, or with the identity provider where there is one. */
export function SignIn({ methods, onSignedIn }: Props) {
  const describe = useDescribe();
  const text = useText();
  const [id, setId] = useState("");
  const [secret, setSecret] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    if (!id.trim() || !secret.trim()) {
      setProblem(text.signIn.missing);
      return;
    }
    setBusy(true);
    try {
      onSignedIn(await signInWithKey(id.trim(), secret.trim()));
    } catch (error) {
      setProblem(error instanceof ApiError && error.status === 403 ? text.signIn.refused : describe(error));
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <title>{`${text.signIn.title} – eksposure`}</title>
      <SpaceBetween size="l">
        <Box textAlign="center">
          <img src="/mark.svg" alt="" width="48" height="48" />
          <Box variant="h1">eksposure</Box>
          <Box color="text-body-secondary">{text.signIn.intro}</Box>
        </Box>
        {problem && <Alert type="error">{problem}</Alert>}
        <form onSubmit={(e) => void submit(e)}>
          <Container header={<Header variant="h2">{text.signIn.withKey}</Header>}>
            <Form
              actions={
                <Button variant="primary" loading={busy} formAction="submit">
                  {text.signIn.submit}
                </Button>
              }
            >
              <SpaceBetween size="m">
                <FormField label={text.signIn.id} constraintText={text.signIn.hint}>
                  <Input value={id} onChange={(e) => setId(e.detail.value)} name="username" autoComplete="username" spellcheck={false} />
                </FormField>
                <FormField label={text.signIn.secret}>
                  <Input
                    type="password"
                    value={secret}
                    onChange={(e) => setSecret(e.detail.value)}
                    name="password"
                    autoComplete="current-password"
                  />
                </FormField>
              </SpaceBetween>
            </Form>
          </Container>
        </form>
        {methods.includes("provider") && (
          <Box textAlign="center">
            <Button href={providerAddress(location.pathname + location.search)}>{text.signIn.withProvider}</Button>
          </Box>
        )}
      </SpaceBetween>
    </main>
  );
}
