/** API tokens of whoever is signed in: for the command line and programs, with no more rights than they need. */
import { Button, Checkbox, Code, Group, NumberInput, Stack, TextInput } from "@mantine/core"
import { useForm } from "@mantine/form"
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { ask } from "../../api/ask.ts"
import { tokensQuery } from "../../api/people.ts"
import { useAct } from "../../acts/useAct.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { ShownOnce } from "../../elements/ShownOnce.tsx"
import { useWho } from "../../session/who.ts"
import { allScopes, scopeWords } from "./scopeWords.ts"
import { TokenList } from "./TokenList.tsx"

const daysDefault = 90
const daysMax = 365

export const TokensScreen = () => {
  const [secret, setSecret] = useState<string>()
  return (
    <Page
      title="API tokens"
      description={
        <>
          For <Code>syncline hub --token-file</Code> and programs. A token may never do more than you, and ends with
          your account.
        </>
      }
    >
      {secret === undefined ? null : (
        <ShownOnce title="The token" secret={secret} onDone={() => setSecret(undefined)}>
          Put it into a file that only you can read, and name that by <Code>--token-file</Code>; programs send it as{" "}
          <Code>Authorization: Bearer …</Code>
        </ShownOnce>
      )}
      <Panel title="Your tokens">
        <Loaded
          query={useQuery(tokensQuery())}
          isEmpty={(tokens) => tokens.length === 0}
          empty={<Empty title="No token">Make one below for a program or a terminal elsewhere.</Empty>}
        >
          {(tokens) => <TokenList tokens={tokens} isOwn />}
        </Loaded>
      </Panel>
      <Panel title="A new token">
        <NewToken onMade={setSecret} />
      </Panel>
    </Page>
  )
}

const NewToken = ({ onMade }: { readonly onMade: (secret: string) => void }) => {
  const { scopes: mine } = useWho()
  const form = useForm({
    initialValues: { note: "", scopes: [] as Array<string>, days: daysDefault },
    validate: {
      note: (text) => (text.trim() === "" ? "What it is for, so that you know it again." : null),
      scopes: (chosen) => (chosen.length === 0 ? "At least one." : null)
    }
  })
  const { isPending, mutate } = useAct({
    run: () => ask<{ readonly secret: string }>("POST", "/tokens", { body: form.values }),
    stale: ["tokens"],
    onDone: ({ secret }) => {
      onMade(secret)
      form.reset()
    }
  })
  return (
    <form onSubmit={form.onSubmit(() => mutate())}>
      <Stack>
        <TextInput label="What it is for" maxLength={256} {...form.getInputProps("note")} />
        <Checkbox.Group label="Rights" description="No more than it needs" {...form.getInputProps("scopes")}>
          <Stack gap={6} mt="xs">
            {allScopes
              .filter((scope) => mine.includes(scope))
              .map((scope) => (
                <Checkbox key={scope} value={scope} label={`${scopeWords[scope]} (${scope})`} />
              ))}
          </Stack>
        </Checkbox.Group>
        <NumberInput
          label="Days until it ends"
          min={1}
          max={daysMax}
          allowDecimal={false}
          maw={200}
          {...form.getInputProps("days")}
        />
        <Group gap={2}>
          <Button type="submit" loading={isPending}>
            Make the token
          </Button>
          <CopyCommand operation={{ id: "tokens.make", set: form.values }} />
        </Group>
      </Stack>
    </form>
  )
}
