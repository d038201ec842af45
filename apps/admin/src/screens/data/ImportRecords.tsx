/** Takes a file of records in, batch by batch: each as a whole or not at all, with progress, and ended at any time. */
import { Alert, Button, FileButton, Group, Progress, Stack, Text } from "@mantine/core"
import { useRef, useState } from "react"
import { ask, part } from "../../api/ask.ts"
import { wordsOf } from "../../acts/useAct.ts"
import { count, countOf } from "../../elements/amounts.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { queries } from "../../queries.ts"
import { batchesOf, fileBytesMax, type Item, readFile } from "./recordFile.ts"

const batchRecordsMax = 500
/** The hub takes bodies of up to 256 KiB. */
const batchBytesMax = 240_000

interface Report {
  readonly total: number
  readonly written: number
  readonly refused: ReadonlyArray<string>
  readonly isOver: boolean
}

/** Refusals that are told one by one. */
const refusedMax = 20

export const ImportRecords = ({ type }: { readonly type: string }) => {
  const [report, setReport] = useState<Report>()
  const [problem, setProblem] = useState<string>()
  const stop = useRef<AbortController>(undefined)
  const take = async (file: File | null): Promise<void> => {
    if (file === null) return
    setReport(undefined)
    if (file.size > fileBytesMax)
      return setProblem("The file has more than 64 MiB. The command line takes larger ones: syncline import.")
    const read = readFile(file.name, await file.text())
    setProblem("problem" in read ? `${file.name} was not taken in. ${read.problem}` : undefined)
    if ("items" in read) {
      stop.current = new AbortController()
      await writeAll(type, read.items, stop.current.signal, setReport)
    }
  }
  return (
    <Panel title="Import" actions={<CopyCommand isWide operation={{ id: "entities.batch", args: [type] }} />}>
      <Text size="sm">
        A file of JSON (an array), lines of JSON, or CSV with a head. Each record is an object; <code>id</code> is its
        id, everything else its fields, or it is <code>{`{id, header, fields}`}</code>. Records that are there are
        changed.
      </Text>
      <Group>
        <FileButton accept=".json,.ndjson,.jsonl,.csv" onChange={(file) => void take(file)}>
          {(props) => (
            <Button {...props} variant="default" size="xs" disabled={report?.isOver === false}>
              Choose a file
            </Button>
          )}
        </FileButton>
        {report?.isOver === false ? (
          <Button size="xs" variant="default" onClick={() => stop.current?.abort()}>
            Stop
          </Button>
        ) : null}
      </Group>
      {problem === undefined ? null : (
        <Alert color="red" variant="light" role="alert">
          <Inert text={problem} charsMax={500} />
        </Alert>
      )}
      {report === undefined ? null : <Shown report={report} />}
    </Panel>
  )
}

const writeAll = async (
  type: string,
  items: ReadonlyArray<Item>,
  signal: AbortSignal,
  onReport: (report: Report) => void
): Promise<void> => {
  let report: Report = { total: items.length, written: 0, refused: [], isOver: false }
  const turn = (more: Partial<Report>): void => {
    report = { ...report, ...more }
    onReport(report)
  }
  turn({})
  let place = 1
  for (const batch of batchesOf(items, batchRecordsMax, batchBytesMax)) {
    if (signal.aborted) break
    const from = place
    place += batch.length
    await ask("POST", `/entities/${part(type)}/batch`, { body: { items: batch } }).then(
      () => turn({ written: report.written + batch.length }),
      (error: Error) =>
        turn({ refused: [...report.refused, `${count(from)} to ${count(place - 1)}: ${wordsOf(error)}`] })
    )
  }
  turn({ isOver: true })
  await queries.invalidateQueries({ queryKey: ["records"] })
}

const Shown = ({ report: { isOver, refused, total, written } }: { readonly report: Report }) => (
  <Stack gap="xs">
    <Text size="sm" role="status" data-import={isOver ? "over" : "running"}>
      {count(written)} of {countOf(total, "record")} written{isOver ? "." : " …"}
    </Text>
    <Progress value={(written / total) * 100} aria-label="Records written" />
    {refused.length === 0 ? null : (
      <Alert
        color="red"
        variant="light"
        title={`${countOf(refused.length, "batch", "batches")} refused; nothing of them was written`}
      >
        {refused.slice(0, refusedMax).map((words) => (
          <div key={words}>
            <Inert text={words} charsMax={400} />
          </div>
        ))}
      </Alert>
    )}
  </Stack>
)
