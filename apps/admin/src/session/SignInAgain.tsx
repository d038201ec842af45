/** Some things take a sign-in within the last ten minutes: whoever is there proves it in a dialog, and what was asked goes on. */
import { Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core"
import { useEffect, useState } from "react"
import { ask } from "../api/ask.ts"
import { queries } from "../queries.ts"
import { byPasskey } from "./passkeys.ts"
import { useWho } from "./who.ts"
import { useQuery } from "@tanstack/react-query"

type Answer = (isSignedIn: boolean) => void

let open: ((answer: Answer) => void) | undefined

/** True once the person has signed in anew. One dialog serves all that wait. */
let asked: Promise<boolean> | undefined
export const signInAgain = (): Promise<boolean> => {
  asked ??= new Promise<boolean>((resolve) => (open === undefined ? resolve(false) : open(resolve))).finally(
    () => (asked = undefined)
  )
  return asked
}

/** The person has left the screen that asked. */
let leave = (): void => undefined
export const leaveSignInAgain = (): void => leave()

export const SignInAgain = () => {
  const [answer, setAnswer] = useState<Answer>()
  useEffect(() => {
    open = (next) => setAnswer(() => next)
    return () => void (open = undefined)
  }, [])
  const end = (isSignedIn: boolean): void => {
    answer?.(isSignedIn)
    setAnswer(undefined)
    if (isSignedIn) void queries.invalidateQueries({ queryKey: ["session"] })
  }
  useEffect(() => void (leave = () => (answer === undefined ? undefined : end(false))))
  return (
    <Modal opened={answer !== undefined} onClose={() => end(false)} title="Sign in again">
      {answer === undefined ? null : <Again onEnd={end} />}
    </Modal>
  )
}

interface Ways {
  readonly passkeys: boolean
}

const Again = ({ onEnd }: { readonly onEnd: Answer }) => {
  const { account } = useWho()
  const ways = useQuery({ queryKey: ["session", "ways"], queryFn: () => ask<Ways>("GET", "/session/ways") }).data
  const [password, setPassword] = useState("")
  const [problem, setProblem] = useState<string>()
  const prove = (proving: Promise<unknown>): void => {
    proving.then(
      () => onEnd(true),
      (error: Error) => setProblem(error.message)
    )
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        prove(ask("POST", "/session", { body: { name: account?.name ?? "", password } }))
      }}
    >
      <Stack>
        <Text size="sm">Before it does this, the hub wants to know that it is still you.</Text>
        <PasswordInput
          label={`Password of ${account?.name ?? "you"}`}
          value={password}
          onChange={({ currentTarget }) => setPassword(currentTarget.value)}
          error={problem}
          autoComplete="current-password"
          data-autofocus
        />
        <Group justify="flex-end">
          {ways?.passkeys === true ? (
            <Button variant="default" onClick={() => prove(byPasskey())}>
              Use a passkey
            </Button>
          ) : null}
          <Button type="submit">Go on</Button>
        </Group>
      </Stack>
    </form>
  )
}
