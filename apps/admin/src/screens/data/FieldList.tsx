/** The fields of a record: value, how it merges, who wrote it when, and a way to change it. */
import { Button, Group, Modal, Stack, Table, Text, TextInput } from "@mantine/core"
import { useState } from "react"
import { ask } from "../../api/ask.ts"
import { type Change, type Entity, type Kind, pathOf, type Which } from "../../api/records.ts"
import { Allowed } from "../../acts/ActButton.tsx"
import { useAct } from "../../acts/useAct.ts"
import { shortened } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { Inert, InertValue } from "../../elements/Inert.tsx"
import { plainUpTo } from "../../elements/plainText.ts"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { fieldChange, hints } from "./fieldChange.ts"
import { deviceOf, writersOf } from "./fieldStory.ts"

interface Props {
  readonly record: Entity
  readonly changes: ReadonlyArray<Change>
  readonly which: Which
}

const kindWords: { readonly [K in Kind]: string } = { lww: "last writer wins", counter: "counter", orSet: "set" }

export const FieldList = ({ changes, record, which }: Props) => {
  const writers = writersOf(changes)
  const [edited, setEdited] = useState<string>()
  const kindOf = (field: string): Kind => record.kinds?.[field] ?? "lww"
  return (
    <>
      <Table.ScrollContainer minWidth={680}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Field</Table.Th>
              <Table.Th>Value</Table.Th>
              <Table.Th>Merges as</Table.Th>
              <Table.Th>Written by</Table.Th>
              <Table.Th>Actions</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {Object.entries(record.fields).map(([field, value]) => (
              <Table.Tr key={field} data-field={field}>
                <Table.Td>
                  <Inert text={field} />
                </Table.Td>
                <Table.Td>
                  <InertValue value={value} charsMax={2_000} />
                </Table.Td>
                <Table.Td>{kindWords[kindOf(field)]}</Table.Td>
                <Table.Td>
                  <WrittenBy writer={writers.get(field)} />
                </Table.Td>
                <Table.Td>
                  <Allowed scope="records:write">
                    {(may) => (
                      <Button size="xs" variant="default" disabled={!may} onClick={() => setEdited(field)}>
                        Change
                      </Button>
                    )}
                  </Allowed>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Modal
        opened={edited !== undefined}
        onClose={() => setEdited(undefined)}
        title={`Change ${plainUpTo(edited ?? "", 60)}`}
      >
        {edited === undefined ? null : (
          <ChangeField
            field={edited}
            kind={kindOf(edited)}
            value={record.fields[edited]}
            which={which}
            onDone={() => setEdited(undefined)}
          />
        )}
      </Modal>
    </>
  )
}

const WrittenBy = ({ writer }: { readonly writer: ReturnType<ReturnType<typeof writersOf>["get"]> }) => {
  if (writer === undefined) return <Text size="sm">further back in the history</Text>
  const { atMs, author, isConflict, stamp } = writer
  return (
    <Group gap={6}>
      <Text size="sm" title={`${author} at ${stamp}`}>
        {shortened(deviceOf(author))}, <Ago atMs={atMs} />
      </Text>
      {isConflict ? <StateBadge tone="warning" word="over another's" /> : null}
    </Group>
  )
}

interface ChangeProps {
  readonly field: string
  readonly kind: Kind
  readonly value: unknown
  readonly which: Which
  readonly onDone: () => void
}

const ChangeField = ({ field, kind, onDone, value, which }: ChangeProps) => {
  const [text, setText] = useState(kind === "lww" ? JSON.stringify(value) : "")
  const parsed = fieldChange(kind, text)
  const body = {
    ...(which.header === undefined ? {} : { header: JSON.parse(which.header) as unknown }),
    fields: { [field]: "change" in parsed ? parsed.change : undefined }
  }
  const { isPending, mutate } = useAct({
    run: () => ask("PATCH", pathOf(which), { body }),
    stale: ["records"],
    done: "It is written.",
    onDone
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if ("change" in parsed) mutate()
      }}
    >
      <Stack>
        <TextInput
          label={hints[kind].label}
          description={hints[kind].words}
          value={text}
          error={"problem" in parsed && text !== "" ? parsed.problem : undefined}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
          data-autofocus
        />
        <Group gap={2}>
          <Button type="submit" loading={isPending} disabled={"problem" in parsed}>
            Write
          </Button>
          <CopyCommand operation={{ id: "entities.patch", args: [which.type, which.id], set: body }} />
        </Group>
      </Stack>
    </form>
  )
}
