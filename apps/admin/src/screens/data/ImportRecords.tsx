/** Takes a file of records in: how far it is, a way to stop and to go on, and what came of it. */
import { Alert, Button, FileButton, Group, Progress, Stack, Text } from "@mantine/core"
import { useRef, useState } from "react"
import { count, countOf } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { AnchorLink } from "../../elements/links.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { useWho } from "../../session/who.ts"
import { type Import, isBusy, type Phase, type Stretch, toldMax } from "./ImportRun.ts"
import { importing, useImport } from "./importing.ts"
import { fileBytesMax, type Read, readFile, textOf } from "./recordFile.ts"

export const ImportRecords = ({ type }: { readonly type: string }) => {
  const { account } = useWho()
  const now = useImport()
  const [problem, setProblem] = useState<string>()
  const reset = useRef<() => void>(null)
  const take = async (file: File | null): Promise<void> => {
    if (file === null) return
    setProblem(undefined)
    importing.forget()
    // A file that is mended keeps its name, and is chosen again.
    reset.current?.()
    if (file.size > fileBytesMax)
      return setProblem(
        "The file has more than 64 MiB. The command line takes larger ones on a device: syncline import."
      )
    const read = await contentsOf(file)
    if ("problem" in read) return setProblem(`${file.name} was not taken in; nothing was sent. ${read.problem}`)
    const isBegun = await importing.begin(account?.id ?? "", type, file.name, read.items)
    if (!isBegun) setProblem("Another import is on its way. Choose the file again once it has ended.")
  }
  return (
    <Panel title="Import">
      <Text size="sm">
        A file of JSON (an array), lines of JSON, or CSV with a head, in UTF-8. Each record is an object;{" "}
        <code>id</code> is its id, everything else its fields, or it is <code>{`{id, header, fields}`}</code>. Records
        that are there are changed. In CSV a cell is a number only where it is written as one: 7 is, 007 and 1.50 are
        texts. At a terminal a device takes in JSON and lines of JSON: <code>syncline import</code>.
      </Text>
      <Group>
        <FileButton resetRef={reset} accept=".json,.ndjson,.jsonl,.csv" onChange={(file) => void take(file)}>
          {(props) => (
            <Button {...props} variant="default" size="xs" disabled={now !== undefined && isBusy(now)}>
              Choose a file
            </Button>
          )}
        </FileButton>
      </Group>
      {problem === undefined ? null : (
        <Alert color="red" variant="light" role="alert">
          <Inert text={problem} charsMax={500} />
        </Alert>
      )}
      {now === undefined ? null : now.type === type ? <Shown now={now} /> : <Elsewhere now={now} />}
    </Panel>
  )
}

const contentsOf = async (file: File): Promise<Read> => {
  try {
    const text = textOf(await file.arrayBuffer())
    return text === undefined ? { problem: "It is no text in UTF-8." } : readFile(file.name, text)
  } catch (error) {
    return { problem: `It could not be read: ${(error as Error).message}` }
  }
}

/** On screens of other types, and of none. */
export const Elsewhere = ({ now }: { readonly now: Import }) => (
  <Text size="sm" role="status">
    {isBusy(now) ? "Records are on their way from a file into " : "Records came from a file into "}
    <AnchorLink to="/data/$type" params={{ type: now.type }} size="sm">
      <Inert text={now.type} />
    </AnchorLink>
    : {count(now.written)} of {count(now.total)} written.
  </Text>
)

const Shown = ({ now }: { readonly now: Import }) => {
  const { file, phase, refused, refusedBatches, total, written } = now
  return (
    <Stack gap="xs">
      <Text size="sm">
        <Inert text={file} />
      </Text>
      <Text size="sm" role="status" data-import={phase.kind}>
        {count(written)} of {countOf(total, "record")} written{phase.kind === "running" ? " …" : "."}
      </Text>
      <Progress value={(written / total) * 100} aria-label="Records written" />
      <InPhase phase={phase} />
      <Group gap="xs">
        {isBusy(now) ? (
          <Button size="xs" variant="default" onClick={importing.stop}>
            Stop
          </Button>
        ) : (
          <>
            {phase.kind === "over" ? null : (
              <Button size="xs" onClick={() => void importing.goOn()}>
                Go on from here
              </Button>
            )}
            <Button size="xs" variant="default" onClick={importing.forget}>
              Close the report
            </Button>
          </>
        )}
      </Group>
      {refusedBatches === 0 ? null : (
        <Alert
          color="red"
          variant="light"
          title={`${countOf(refusedBatches, "batch", "batches")} refused; nothing of them was written`}
        >
          {refused.map(({ words, ...stretch }) => (
            <div key={stretch.from}>
              <Inert text={`${places(stretch)}: ${words}`} charsMax={400} />
            </div>
          ))}
          {refusedBatches > toldMax ? <div>… and {count(refusedBatches - toldMax)} more.</div> : null}
        </Alert>
      )}
    </Stack>
  )
}

const places = ({ from, to }: Stretch): string =>
  from === to ? `Record ${count(from)}` : `Records ${count(from)} to ${count(to)}`

const InPhase = ({ phase }: { readonly phase: Phase }) => {
  if (phase.kind === "waiting") {
    return (
      <Text size="sm">
        <Inert text={phase.words} charsMax={300} /> It goes on by itself, <Ago atMs={phase.untilMs} />.
      </Text>
    )
  }
  if (phase.kind === "stopped") return <Text size="sm">You stopped it. What is written stays.</Text>
  if (phase.kind !== "broken") return null
  return (
    <Alert color="red" variant="light" title="It stopped" role="alert">
      <Text size="sm">
        <Inert text={phase.words} charsMax={300} />
      </Text>
      <Text size="sm">
        {phase.isUnknown
          ? `Whether ${places(phase.stretch).toLowerCase()} of the file were written is not known. Going on sends them again: what was written is not written twice; only what others changed since gets the file's value again.`
          : `${places(phase.stretch)} of the file and those behind were not written.`}
      </Text>
    </Alert>
  )
}
