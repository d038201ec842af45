/** Passkeys of whoever is signed in: added in this browser, named, taken away. */
import { Button, Group, Stack, Table, Text, TextInput } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { ask, part } from "../../api/ask.ts"
import { type Passkey, passkeysQuery, waysQuery } from "../../api/people.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { useAct } from "../../acts/useAct.ts"
import { Ago } from "../../elements/Clock.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { addPasskey } from "../../session/passkeys.ts"

export const OwnPasskeys = () => {
  const { data: ways } = useQuery(waysQuery)
  const keys = useQuery(passkeysQuery())
  return (
    <Panel title="Passkeys">
      {ways?.passkeys === false ? (
        <Text c="dimmed">
          Passkeys need a name: this hub is opened by an address without one, or without a certificate.
        </Text>
      ) : (
        <Stack>
          <Loaded
            query={keys}
            isEmpty={(list) => list.length === 0}
            empty={
              <Empty title="No passkey">
                With one you sign in by your device or a security key, and nobody can phish it.
              </Empty>
            }
          >
            {(list) => <Keys keys={list} />}
          </Loaded>
          <AddKey />
        </Stack>
      )}
    </Panel>
  )
}

const Keys = ({ keys }: { readonly keys: ReadonlyArray<Passkey> }) => (
  <Table.ScrollContainer minWidth={520}>
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th>
          <Table.Th>Made</Table.Th>
          <Table.Th>Last used</Table.Th>
          <Table.Th>Kept</Table.Th>
          <Table.Th>Actions</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {keys.map(({ id, isBackedUp, madeMs, name, usedMs }) => (
          <Table.Tr key={id}>
            <Table.Td>
              <Inert text={name} />
            </Table.Td>
            <Table.Td>
              <Ago atMs={madeMs} />
            </Table.Td>
            <Table.Td>
              <Ago atMs={usedMs} />
            </Table.Td>
            <Table.Td>{isBackedUp ? "on several devices" : "on one device alone"}</Table.Td>
            <Table.Td>
              <ActButton
                label="Remove"
                stale={["people"]}
                operation={{ id: "passkeys.remove", args: [id], isRemoval: true }}
                run={() => ask("DELETE", `/passkeys/${part(id)}`)}
                done="It opens nothing here any more."
                question={{ title: "Remove this passkey?", words: "You cannot sign in by it any more.", yes: "Remove" }}
              />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  </Table.ScrollContainer>
)

const AddKey = () => {
  const [name, setName] = useState("")
  const { isPending, mutate } = useAct({
    run: () => addPasskey(name),
    stale: ["people", "session"],
    done: "You can sign in by it from now on.",
    onDone: () => setName("")
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        mutate()
      }}
    >
      <Group align="flex-end">
        <TextInput
          label="Name of a new passkey"
          placeholder="This laptop"
          maxLength={64}
          required
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <Button type="submit" loading={isPending}>
          Add a passkey
        </Button>
      </Group>
    </form>
  )
}
