/** A record's changes, the newest first: who wrote what when, the record as of then, and a way to undo. */
import { Button, Code, Group, Stack, Text } from "@mantine/core"
import { ask } from "../../api/ask.ts"
import type { Change, Undone, Which } from "../../api/records.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { countOf, shortened } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import { CopyButton } from "../../elements/CopyButton.tsx"
import { Inert, InertValue } from "../../elements/Inert.tsx"
import { AnchorLink } from "../../elements/links.tsx"
import { Empty, Failed } from "../../elements/Loaded.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { deviceOf } from "./fieldStory.ts"

interface Props {
  readonly changes: ReadonlyArray<Change>
  readonly error: Error | null
  readonly hasMore: boolean
  readonly isLoading: boolean
  readonly onMore: () => void
  readonly which: Which
}

export const HistoryList = ({ changes, error, hasMore, isLoading, onMore, which }: Props) => (
  <Stack gap="xs">
    {error === null ? null : <Failed error={error} />}
    {changes.length === 0 && !isLoading && error === null ? <Empty title="No change that you may see" /> : null}
    <ol className="routes">
      {changes.map((change) => (
        <li key={change.event}>
          <OneChange change={change} which={which} />
        </li>
      ))}
    </ol>
    {hasMore ? (
      <Group>
        <Button size="xs" variant="default" onClick={onMore} loading={isLoading}>
          Older changes
        </Button>
      </Group>
    ) : null}
  </Stack>
)

const OneChange = ({ change, which }: { readonly change: Change; readonly which: Which }) => {
  const { at, atMs, author, changes, commit, group, kind } = change
  return (
    <Group justify="space-between" align="flex-start" gap="sm">
      <Stack gap={4}>
        <Group gap="xs">
          <StateBadge tone={kind === "deleted" ? "bad" : kind === "changed" ? "busy" : "good"} word={kind} />
          <Text size="sm">
            <Ago atMs={atMs} /> by <span title={author}>{shortened(deviceOf(author))}</span>
          </Text>
          <Code title="The change's stamp: time, then a counter, by the author's clock">{at}</Code>
          <CopyButton text={commit} label="Copy the commit's id" />
        </Group>
        {changes.map((each) => (
          <Text key={`${each.kind} ${each.field}`} size="sm" component="div">
            <Inert text={each.field} charsMax={60} />: <FieldChange change={each} />
          </Text>
        ))}
      </Stack>
      <Group gap="xs">
        <AnchorLink to="/data/$type/$id" params={which} search={{ header: which.header, at }} size="sm">
          As of then
        </AnchorLink>
        <Undo body={{ commits: [commit] }} label="Undo" words="this change" />
        {group === null ? null : <Undo body={{ group }} label="Undo all with it" words="the whole transaction" />}
      </Group>
    </Group>
  )
}

const FieldChange = ({
  change: { added, by, isConflict, kind, previous, removed, value }
}: {
  readonly change: Change["changes"][number]
}) => {
  if (kind === "counter") return <>{(by ?? 0) >= 0 ? `+${by}` : by}</>
  if (kind === "orSet") {
    return (
      <>
        {(added ?? []).map((each) => (
          <span key={JSON.stringify(each)}>
            +<InertValue value={each} />{" "}
          </span>
        ))}
        {(removed ?? []).map((each) => (
          <span key={JSON.stringify(each)}>
            −<InertValue value={each} />{" "}
          </span>
        ))}
      </>
    )
  }
  return (
    <>
      {previous === undefined ? null : (
        <>
          <InertValue value={previous} /> →{" "}
        </>
      )}
      <InertValue value={value} />{" "}
      {isConflict === true ? <StateBadge tone="warning" word="without knowing of what stood there" /> : null}
    </>
  )
}

export const Undo = ({
  body,
  label,
  words
}: {
  readonly body: object
  readonly label: string
  readonly words: string
}) => (
  <ActButton
    label={label}
    scope="records:write"
    stale={["records", "stats", "conflicts"]}
    operation={{ id: "undo", set: { ...body } }}
    run={() => ask<Undone>("POST", "/undo", { body })}
    done={undoneWords}
    question={{
      title: "Undo?",
      yes: "Undo",
      words: `What ${words} wrote is set back where it still stands. What others wrote since stays.`
    }}
  />
)

const undoneWords = ({ entities, entitiesCount }: Undone): string => {
  const skipped = entities.reduce((sum, each) => sum + each.skipped.length, 0)
  return `${countOf(entitiesCount, "record")} set back${skipped === 0 ? "." : `; ${countOf(skipped, "field")} stay as they are, because others wrote them since.`}`
}
