/** Signing in by password, passkey or another service, or by the one-time link of a new account. */
import { Alert, Button, Divider, PasswordInput, Stack, Text, TextInput } from "@mantine/core"
import { useForm } from "@mantine/form"
import { useQuery } from "@tanstack/react-query"
import { useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { ask, Refused } from "../../api/ask.ts"
import { refusalWords } from "../../elements/refusalWords.ts"
import { duration } from "../../elements/amounts.ts"
import { byPasskey } from "../../session/passkeys.ts"
import type { Whoami } from "../../session/who.ts"
import { Door } from "./Door.tsx"
import { rememberNext, useEntering } from "./entering.ts"

interface Ways {
  readonly passkeys: boolean
  readonly oidc: boolean
}

export const SignInScreen = () => {
  const { link = window.location.hash.slice(1), next, refused } = useSearch({ from: "/sign-in" })
  const enter = useEntering()
  const [failure, setFailure] = useState(refused === undefined ? undefined : refusedWords(refused))
  const through = (signing: Promise<Whoami>): Promise<void> => {
    setFailure(undefined)
    return signing.then(
      (who) => enter(who, next),
      (error: Error) => setFailure(failureOf(error))
    )
  }
  return (
    <Door title={link === "" ? "Sign in" : "Choose a password"}>
      {failure === undefined ? null : (
        <Alert color="red" variant="light" role="alert">
          {failure}
        </Alert>
      )}
      {link === "" ? <ByPassword next={next} through={through} /> : <ByLink link={link} through={through} />}
    </Door>
  )
}

/** What another service's page leads back with is a name and never words: anybody can write an address. */
const refusedWords = (name: string): string =>
  (Object.hasOwn(refusals, name) ? refusals[name as keyof typeof refusals] : undefined) ??
  "Signing in by the other service did not work. Try again, or sign in another way."

const refusals = {
  OidcRefused: "The other service vouches for nobody who may sign in here. An owner of the hub can link your account.",
  OidcUnreachable: "The other service does not answer. Try again, or sign in another way.",
  OidcOff: "This hub is set to no other service to sign in by.",
  SignInTooOften: "Too many attempts failed. Try again in a while."
}

const failureOf = (error: Error): string =>
  error instanceof Refused && error.retryAfterS !== undefined
    ? `${error.message} Try again in ${duration(error.retryAfterS * 1_000)}.`
    : refusalWords(error)

interface Props {
  readonly through: (signing: Promise<Whoami>) => Promise<void>
}

interface OtherProps extends Props {
  readonly next: string | undefined
}

const ByPassword = ({ next, through }: OtherProps) => {
  const form = useForm({ initialValues: { name: "", password: "" } })
  return (
    <Stack>
      <form onSubmit={form.onSubmit((body) => through(ask("POST", "/session", { body })))}>
        <Stack>
          <TextInput
            label="Name"
            autoComplete="username webauthn"
            required
            data-autofocus
            {...form.getInputProps("name")}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            {...form.getInputProps("password")}
          />
          <Button type="submit" loading={form.submitting}>
            Sign in
          </Button>
        </Stack>
      </form>
      <OtherWays next={next} through={through} />
    </Stack>
  )
}

const OtherWays = ({ next, through }: OtherProps) => {
  const ways = useQuery({ queryKey: ["session", "ways"], queryFn: () => ask<Ways>("GET", "/session/ways") }).data
  if (ways === undefined || (!ways.passkeys && !ways.oidc)) return null
  const elsewhere = async (): Promise<Whoami> => {
    const { url } = await ask<{ readonly url: string }>("POST", "/session/oidc")
    rememberNext(next)
    window.location.assign(url)
    return new Promise(() => undefined)
  }
  return (
    <>
      <Divider label="or" />
      {ways.passkeys ? (
        <Button variant="default" onClick={() => void through(byPasskey())}>
          Use a passkey
        </Button>
      ) : null}
      {ways.oidc ? (
        <Button variant="default" onClick={() => void through(elsewhere())}>
          Sign in with your organisation
        </Button>
      ) : null}
    </>
  )
}

const ByLink = ({ link, through }: Props & { readonly link: string }) => {
  const form = useForm({
    initialValues: { password: "", again: "" },
    validate: {
      password: (text) => (text.length < 12 ? "At least 12 characters." : null),
      again: (text, { password }) => (text === password ? null : "This is another one.")
    }
  })
  return (
    <form
      onSubmit={form.onSubmit(({ password }) => through(ask("POST", "/session/link", { body: { link, password } })))}
    >
      <Stack>
        <Text size="sm">Your link is good once. With the password you sign in from now on.</Text>
        <PasswordInput
          label="Password"
          description="At least 12 characters"
          autoComplete="new-password"
          {...form.getInputProps("password")}
        />
        <PasswordInput label="Password again" autoComplete="new-password" {...form.getInputProps("again")} />
        <Button type="submit" loading={form.submitting}>
          Go on
        </Button>
      </Stack>
    </form>
  )
}
