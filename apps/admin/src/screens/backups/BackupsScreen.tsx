/** Backups of the hub's folder, and the whole space as one file out and in. */
import { Alert, Code, Loader, Stack, Table, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useNavigate, useSearch } from "@tanstack/react-router"
import { ask, part } from "../../api/ask.ts"
import { type Backup, type BackupRun, type Backups, backupsQuery, settingsQuery } from "../../api/operation.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { FileButton } from "../../acts/FileButton.tsx"
import { Ago } from "../../elements/Clock.tsx"
import { bytes, count, countOf, duration } from "../../elements/amounts.ts"
import { Inert } from "../../elements/Inert.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { BackupActs } from "./BackupActs.tsx"
import { ImportSpace } from "./ImportSpace.tsx"

const make = {
  scope: "operate:write",
  stale: ["backups"],
  operation: { id: "backups.make" },
  run: () => ask<BackupRun>("POST", "/backups"),
  done: "It is being made; this page tells when it is done."
} as const

export const BackupsScreen = () => (
  <Page
    title="Backups"
    description="Copies of all that the hub has, made while it runs."
    actions={<ActButton {...make} label="Back up now" />}
  >
    <Loaded query={useQuery(backupsQuery)}>{(data) => <All data={data} />}</Loaded>
    <Panel title="The whole space as a file">
      <Text size="sm">
        All records in an open format (lines of JSON), with their hash. A new, empty hub takes it in, and must come to
        the same hash.
      </Text>
      <FileButton
        label="Export the space"
        path="/export"
        scope="operate:read"
        isFresh
        operation={{ id: "space.export", to: "space.ndjson" }}
      />
      <ImportSpace />
    </Panel>
  </Page>
)

const All = ({ data: { backups, runs } }: { readonly data: Backups }) => (
  <>
    <Runs runs={runs} />
    <Panel title="Kept">
      <Schedule />
      {backups.length === 0 ? (
        <Empty title="Never backed up" action={<ActButton {...make} label="Back up now" variant="filled" />}>
          A disk that dies takes everything with it that no device has.
        </Empty>
      ) : (
        <Kept backups={backups} />
      )}
    </Panel>
  </>
)

const Schedule = () => {
  const { data = [] } = useQuery(settingsQuery)
  const value = (wanted: string): number => Number(data.find(({ key }) => key === wanted)?.value ?? Number.NaN)
  const [hours, keep] = [value("backupEveryHours"), value("backupKeep")]
  if (Number.isNaN(hours)) return null
  return (
    <Text size="sm" c="dimmed">
      {hours === 0 ? "None is made by itself." : `One is made by itself every ${countOf(hours, "hour")}.`} The last{" "}
      {count(keep)} are kept. Settings change both.
    </Text>
  )
}

const Runs = ({ runs }: { readonly runs: ReadonlyArray<BackupRun> }) =>
  runs.map(({ backup, beganMs, endedMs, faults, kind, problem }) => {
    const what = `${kind === "make" ? "Making" : "Verifying"} ${backup ?? "a backup"}`
    if (endedMs === null) {
      return (
        <Alert
          key={`${kind} ${beganMs}`}
          color="blue"
          variant="light"
          role="status"
          icon={<Loader size="xs" />}
          title={what}
        >
          Begun <Ago atMs={beganMs} />
        </Alert>
      )
    }
    const isBad = problem !== null || faults.length > 0
    return (
      <Alert
        key={`${kind} ${beganMs}`}
        color={isBad ? "red" : "teal"}
        variant="light"
        role="status"
        title={`${what}: ${isBad ? "failed" : "done"} after ${duration(endedMs - beganMs)}`}
      >
        {problem === null ? null : <Inert text={problem} charsMax={500} />}
        {faults.map(({ file, problem: fault }) => (
          <div key={`${file} ${fault}`}>
            <Code>{file}</Code>: <Inert text={fault} charsMax={300} />
          </div>
        ))}
        {isBad
          ? null
          : kind === "make"
            ? "It was read again, and holds what it says."
            : "Every file is as it was made."}
      </Alert>
    )
  })

const Kept = ({ backups }: { readonly backups: ReadonlyArray<Backup> }) => {
  const { restore } = useSearch({ strict: false }) as { readonly restore?: string }
  const navigate = useNavigate()
  const plan = (id: string | undefined): void =>
    void navigate({ to: "/backups", search: { restore: id }, replace: true })
  return (
    <Table.ScrollContainer minWidth={820}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Made</Table.Th>
            <Table.Th ta="right">Records</Table.Th>
            <Table.Th ta="right">Commits</Table.Th>
            <Table.Th ta="right">Size</Table.Th>
            <Table.Th>Key</Table.Th>
            <Table.Th>Actions</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {backups.map((backup) => (
            <Row key={backup.id} backup={backup} isPlanned={restore === backup.id} onPlan={plan} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

interface RowProps {
  readonly backup: Backup
  readonly isPlanned: boolean
  readonly onPlan: (id: string | undefined) => void
}

const Row = ({ backup, isPlanned, onPlan }: RowProps) => {
  const { commits, id, isKeySealed, madeMs, problem, records } = backup
  return (
    <Table.Tr data-backup={id}>
      <Table.Td>
        <Stack gap={0}>
          {madeMs === undefined ? <StateBadge tone="bad" word="cannot be read" /> : <Ago atMs={madeMs} />}
          <Text size="xs" c="dimmed">
            {id}
          </Text>
          {problem === undefined ? null : <Inert text={problem} charsMax={300} />}
        </Stack>
      </Table.Td>
      <Table.Td ta="right">{records === undefined ? "—" : count(records)}</Table.Td>
      <Table.Td ta="right">{commits === undefined ? "—" : count(commits)}</Table.Td>
      <Table.Td ta="right">{backup.bytes === undefined ? "—" : bytes(backup.bytes)}</Table.Td>
      <Table.Td>{isKeySealed === true ? "under a passphrase" : "in the clear"}</Table.Td>
      <Table.Td>
        <BackupActs id={id} isPlanned={isPlanned} onPlan={() => onPlan(isPlanned ? undefined : id)} part={part(id)} />
      </Table.Td>
    </Table.Tr>
  )
}
