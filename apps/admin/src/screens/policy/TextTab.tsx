/** The document as text: comments and layout stay as they are written. What is wrong with it stands at its place and below. */
import { Alert, Button, Group, List, Skeleton, Stack, Text } from "@mantine/core"
import { useDebouncedValue } from "@mantine/hooks"
import { useQuery } from "@tanstack/react-query"
import { lazy, Suspense } from "react"
import { testQuery } from "../../api/policy.ts"
import { typesQuery } from "../../api/records.ts"
import { CopyButton } from "../../elements/CopyButton.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Empty } from "../../elements/Loaded.tsx"
import { templatesFor } from "./templates.ts"
import type { DraftProps } from "./useDraft.ts"

const Editor = lazy(() => import("./Editor.tsx").then((module) => ({ default: module.Editor })))

/** After the last key, in milliseconds. */
const testMs = 500

export const TextTab = ({ draft: { set, text } }: DraftProps) => {
  const [settled] = useDebouncedValue(text, testMs)
  const { data } = useQuery({ ...testQuery(settled), enabled: settled.trim() !== "" })
  const problems = settled.trim() === "" ? [] : (data?.problems ?? [])
  if (text.trim() === "") return <Templates onChoose={set} />
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          YAML. Tab indents; Escape, then Tab leaves the editor.
        </Text>
        <CopyButton text={text} label="Copy the document" />
      </Group>
      <Suspense fallback={<Skeleton height={420} />}>
        <Editor text={text} onChange={set} problems={problems} />
      </Suspense>
      <Found title="What keeps it from being applied" sentences={problems} color="red" />
      <Found title="Worth a look" sentences={data?.warnings ?? []} color="orange" />
      {data !== undefined && problems.length === 0 ? (
        <Text size="sm" role="status" data-policy="good">
          It may be applied, and its tests pass.
        </Text>
      ) : null}
    </Stack>
  )
}

interface FoundProps {
  readonly title: string
  readonly sentences: ReadonlyArray<string>
  readonly color: string
}

export const Found = ({ color, sentences, title }: FoundProps) =>
  sentences.length === 0 ? null : (
    <Alert color={color} variant="light" title={title} role="status">
      <List size="sm">
        {sentences.map((sentence) => (
          <List.Item key={sentence}>
            <Inert text={sentence} charsMax={400} />
          </List.Item>
        ))}
      </List>
    </Alert>
  )

export const Templates = ({ onChoose }: { readonly onChoose: (text: string) => void }) => {
  const { data: types = [] } = useQuery(typesQuery)
  return (
    <Empty title="No document yet">
      <Stack>
        <span>
          The built-in roles decide: admins and members write everything, readonly reads. Begin with one of these, and
          change it.
        </span>
        {templatesFor(types.map(({ id }) => id)).map(({ name, text, words }) => (
          <Group key={name} justify="space-between" gap="sm">
            <Text size="sm">{words}</Text>
            <Button size="xs" variant="default" onClick={() => onChoose(text)}>
              {name}
            </Button>
          </Group>
        ))}
      </Stack>
    </Empty>
  )
}
