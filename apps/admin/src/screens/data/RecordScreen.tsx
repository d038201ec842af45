/** One record: what it holds, who wrote which field, how it was, and how it came to be so. */
import { Alert, Button, Group, Stack, Text } from "@mantine/core"
import { useInfiniteQuery, useQuery } from "@tanstack/react-query"
import { useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { ask, Refused } from "../../api/ask.ts"
import { type Change, type Entity, historyQuery, pathOf, recordQuery, type Which } from "../../api/records.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { exactly, shortened } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import { Facts } from "../../elements/Facts.tsx"
import { InertValue } from "../../elements/Inert.tsx"
import { ButtonLink } from "../../elements/links.tsx"
import { Loaded, OnItsWay } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { valueText } from "../../elements/plainText.ts"
import { useIsTeam } from "../../session/who.ts"
import { Differences } from "./Differences.tsx"
import { FieldList } from "./FieldList.tsx"
import { deviceOf } from "./fieldStory.ts"
import { HistoryList, Undo } from "./HistoryList.tsx"

export const RecordScreen = () => {
  const { id, type } = useParams({ strict: false }) as { readonly type: string; readonly id: string }
  const { at, header } = useSearch({ strict: false }) as { readonly at?: string; readonly header?: string }
  const which: Which = { type, id, header }
  const now = useQuery(recordQuery(which))
  const then = useQuery({ ...recordQuery(which, at), enabled: at !== undefined })
  const history = useInfiniteQuery(historyQuery(which))
  const changes = history.data?.pages.flatMap(({ items }) => items) ?? []
  const isGone = now.error instanceof Refused && now.error.status === 404
  const isDeleted = isGone && changes[0]?.kind === "deleted"
  return (
    <Page
      title={valueText(id, 80)}
      description={<>A record of {valueText(type, 60)}.</>}
      actions={<Acts which={which} isThere={now.data !== undefined && !isGone} />}
    >
      {at === undefined ? null : (
        <AsOf which={which} at={at}>
          <Loaded query={then}>{(was) => <Past was={was} now={isGone ? undefined : now.data} />}</Loaded>
        </AsOf>
      )}
      {isDeleted ? (
        <Deleted change={changes[0]!} />
      ) : isGone && history.isFetching ? (
        <OnItsWay />
      ) : (
        // What is not there is not shown as old.
        <Loaded query={isGone ? ({ ...now, data: undefined } as typeof now) : now}>
          {(record) => <Present record={record} changes={changes} which={which} />}
        </Loaded>
      )}
      <Panel title="History">
        <HistoryList
          changes={changes}
          error={history.error}
          hasMore={history.hasNextPage}
          isLoading={history.isFetching}
          onMore={() => void history.fetchNextPage()}
          which={which}
        />
      </Panel>
    </Page>
  )
}

const Present = ({
  changes,
  record,
  which
}: {
  readonly record: Entity
  readonly changes: ReadonlyArray<Change>
  readonly which: Which
}) => (
  <>
    <Panel title="Where it lies">
      <Facts
        facts={
          Object.keys(record.header).length === 0
            ? [["Header", "none: the partition of its type"]]
            : Object.entries(record.header).map(
                ([name, value]) => [valueText(name, 40), <InertValue key={name} value={value} />] as const
              )
        }
      />
    </Panel>
    <Panel title="Fields">
      <FieldList record={record} changes={changes} which={which} />
    </Panel>
  </>
)

/** Nothing of it is left but its history, which brings it back. */
const Deleted = ({ change: { atMs, author, commit } }: { readonly change: Change }) => (
  <Alert color="gray" variant="light" title="It is deleted" role="status" data-state="deleted">
    <Stack gap="sm" align="flex-start">
      <Text size="sm" component="div">
        By <span title={author}>{shortened(deviceOf(author))}</span>, <Ago atMs={atMs} />.
      </Text>
      <Undo body={{ commits: [commit] }} label="Bring it back" words="this change" />
    </Stack>
  </Alert>
)

const Past = ({ now, was }: { readonly was: Entity; readonly now: Entity | undefined }) =>
  now === undefined ? <Text size="sm">It is not there now.</Text> : <Differences then={was} now={now} />

const AsOf = ({
  at,
  children,
  which
}: {
  readonly which: Which
  readonly at: string
  readonly children: React.ReactNode
}) => {
  const navigate = useNavigate()
  const body = { at, ...(which.header === undefined ? {} : { header: JSON.parse(which.header) as unknown }) }
  const leave = (): void => void navigate({ to: "/data/$type/$id", params: which, search: { header: which.header } })
  return (
    <Alert color="blue" variant="light" title={`As of ${at.length > 15 ? `the stamp ${at}` : exactly(Number(at))}`}>
      <Stack gap="sm">
        {children}
        <Group>
          <ActButton
            label="Restore it to this"
            scope="records:write"
            stale={["records", "conflicts"]}
            operation={{ id: "entities.restore", args: [which.type, which.id], set: body }}
            run={() => ask("POST", `${pathOf(which)}/restore`, { body })}
            done="It is again what it was then. The history keeps what it was in between."
            onDone={leave}
          />
          <Button size="xs" variant="default" onClick={leave}>
            Back to now
          </Button>
        </Group>
      </Stack>
    </Alert>
  )
}

interface ActsProps {
  readonly which: Which
  readonly isThere: boolean
}

const Acts = ({ isThere, which }: ActsProps) => {
  const isTeam = useIsTeam()
  const { id, type } = which
  return (
    <>
      {isTeam ? (
        <ButtonLink to="/policy" search={{ tab: "explain", type, id }} size="xs" variant="default">
          Who may see it, and why
        </ButtonLink>
      ) : null}
      {isThere ? <Remove which={which} /> : null}
    </>
  )
}

/** Deleting is undone as any other change. */
const Remove = ({ which }: { readonly which: Which }) => {
  const { header, id, type } = which
  return (
    <ActButton
      label="Delete"
      scope="records:write"
      stale={["records", "stats", "conflicts"]}
      operation={{ id: "entities.remove", args: [type, id], query: { header }, isRemoval: true }}
      run={() => ask("DELETE", pathOf(which), { query: { header } })}
      done="The record is deleted. Its history has the way back."
      question={{
        title: "Delete this record?",
        words: "It is gone on every device that syncs. Its history stays, and brings it back.",
        yes: "Delete"
      }}
    />
  )
}
