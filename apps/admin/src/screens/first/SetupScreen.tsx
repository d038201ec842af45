/** The first account of a hub: made once, by the token that the hub's log shows. */
import { Alert, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core"
import { isNotEmpty, useForm } from "@mantine/form"
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { ask } from "../../api/ask.ts"
import { Loaded } from "../../elements/Loaded.tsx"
import { setupQuery, type Whoami } from "../../session/who.ts"
import { refusalWords } from "../../elements/refusalWords.ts"
import { Door } from "./Door.tsx"
import { useEntering } from "./entering.ts"
import { AnchorLink } from "../../elements/links.tsx"

const passwordCharsMin = 12

/** The token may stand behind the address's `#`, which browsers send to nobody. */
const tokenOfAddress = (): string => window.location.hash.slice(1)

export const SetupScreen = () => {
  const query = useQuery(setupQuery)
  return (
    <Door title="First run">
      <Loaded query={query}>
        {({ isNeeded }) =>
          isNeeded ? (
            <FirstAccount />
          ) : (
            <Text>
              This hub has its first account. <AnchorLink to="/sign-in">Sign in</AnchorLink>
            </Text>
          )
        }
      </Loaded>
    </Door>
  )
}

const FirstAccount = () => {
  const enter = useEntering()
  const [problem, setProblem] = useState<string>()
  const form = useForm({
    initialValues: { token: tokenOfAddress(), name: "", password: "", again: "" },
    validate: {
      token: isNotEmpty("The hub's log shows it, and so does the terminal it was started in."),
      name: isNotEmpty("How you will sign in."),
      password: (text) => (text.length < passwordCharsMin ? `At least ${passwordCharsMin} characters.` : null),
      again: (text, { password }) => (text === password ? null : "This is another one.")
    }
  })
  const make = form.onSubmit(async ({ name, password, token }) => {
    setProblem(undefined)
    await ask<Whoami>("POST", "/setup", { body: { token: token.trim(), name, password } }).then(
      (who) => enter(who, "/"),
      (error: Error) => setProblem(refusalWords(error))
    )
  })
  return (
    <form onSubmit={make}>
      <Stack>
        <Text size="sm">
          Nobody has an account here yet. You become the hub's owner: you make the other accounts, and may do
          everything.
        </Text>
        <TextInput
          label="Setup token"
          description="From the hub's log; good once, for 24 hours"
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps("token")}
        />
        <TextInput
          label="Name"
          description="Letters, digits and . - _ @ +"
          autoComplete="username"
          {...form.getInputProps("name")}
        />
        <PasswordInput
          label="Password"
          description={`At least ${passwordCharsMin} characters`}
          autoComplete="new-password"
          {...form.getInputProps("password")}
        />
        <PasswordInput label="Password again" autoComplete="new-password" {...form.getInputProps("again")} />
        {problem === undefined ? null : (
          <Alert color="red" variant="light" role="alert">
            {problem}
          </Alert>
        )}
        <Button type="submit" loading={form.submitting}>
          Make the first account
        </Button>
      </Stack>
    </form>
  )
}
