/** One commit that waits: why, by whom, and what it would do. */
import { Code, Stack, Text, Title } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { entryQuery, type Shown } from "../../api/quarantine.ts"
import { bytes, countOf } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import { Facts } from "../../elements/Facts.tsx"
import { Inert, InertValue } from "../../elements/Inert.tsx"
import { Loaded } from "../../elements/Loaded.tsx"
import { Decide } from "./Decide.tsx"
import { reasonWords } from "./reasonWords.ts"

interface Props {
  readonly id: string
  readonly onDone: () => void
}

export const EntryPanel = ({ id, onDone }: Props) => (
  <Loaded query={useQuery(entryQuery(id))}>
    {(entry) => (
      <Stack>
        <Text size="sm">
          {reasonWords[entry.reason].means} {reasonWords[entry.reason].todo}
        </Text>
        <Facts
          facts={[
            ["Reason", reasonWords[entry.reason].name],
            ["Because", <Inert key="because" text={entry.because} charsMax={500} />],
            ["By the rule", entry.rule === "" ? "none" : `${entry.rule}, policy version ${entry.policyVersion}`],
            ["Since", <Ago key="since" atMs={entry.sinceMs} />],
            ["Comes in", <Ago key="due" atMs={entry.dueMs} never="by a person or another policy" />],
            ["Written by", <Inert key="author" text={entry.author === "" ? "unknown" : entry.author} />],
            ["Brought by", <Inert key="peer" text={entry.peer} />],
            ["Stamp", <Code key="at">{entry.at}</Code>],
            ["Size", bytes(entry.size)],
            [
              "Commit",
              <Code key="id" className="inert">
                {entry.id}
              </Code>
            ]
          ]}
        />
        <Decide
          body={{ ids: [entry.id] }}
          canRelease={reasonWords[entry.reason].canRelease}
          what="this commit"
          onDone={onDone}
        />
        <Title order={3} size="h5">
          What it would do
        </Title>
        <Contents entry={entry} />
      </Stack>
    )}
  </Loaded>
)

const Contents = ({ entry: { contents, problem } }: { readonly entry: Shown }) => {
  if (contents === null)
    return (
      <Text size="sm">
        It cannot be read here: <Inert text={problem ?? "no reason is known"} charsMax={300} />
      </Text>
    )
  return (
    <Stack gap="xs">
      <Text size="sm">
        {countOf(contents.entities.length, "record")} of <Inert text={contents.partition.type} /> with the header{" "}
        <InertValue value={contents.partition.header} />
      </Text>
      {contents.entities.map(({ changes, id, kind }) => (
        <div key={id}>
          <Text size="sm" fw={600}>
            {kind} <Inert text={id} />
          </Text>
          {changes.map((change) => (
            <Text key={`${change.kind} ${change.field}`} size="sm" component="div">
              <Inert text={change.field} />:{" "}
              <InertValue
                value={
                  change.kind === "counter"
                    ? change.by
                    : change.kind === "orSet"
                      ? { add: change.added, remove: change.removed }
                      : change.value
                }
              />
            </Text>
          ))}
        </div>
      ))}
    </Stack>
  )
}
