/** Takes a whole space in, at a hub that has none: with progress, and broken off at any time without a trace. */
import { Alert, Button, Code, FileButton as FileChoice, Group, Progress, Stack, Text } from "@mantine/core"
import { useRef, useState } from "react"
import { Refused } from "../../api/ask.ts"
import { type Upload, upload } from "../../api/upload.ts"
import { Allowed } from "../../acts/ActButton.tsx"
import { confirm } from "../../acts/confirm.tsx"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { countOf, share } from "../../elements/amounts.ts"
import { Failed } from "../../elements/Loaded.tsx"
import { queries } from "../../queries.ts"
import { signInAgain } from "../../session/SignInAgain.tsx"

const mediaType = "application/x-ndjson"
const operation = { id: "space.import", from: "space.ndjson" }

interface Imported {
  readonly records: number
  readonly stateHash: string
}

type Stage =
  | { readonly kind: "sending"; readonly sent: number }
  | { readonly kind: "done"; readonly imported: Imported }
  | { readonly kind: "failed"; readonly error: Error }

export const ImportSpace = () => {
  const [stage, setStage] = useState<Stage>()
  const running = useRef<Upload<Imported>>(undefined)
  const send = async (file: File): Promise<void> => {
    setStage({ kind: "sending", sent: 0 })
    running.current = upload<Imported>("/import", file, mediaType, (sent) => setStage({ kind: "sending", sent }))
    await running.current.done.then(
      (imported) => {
        setStage({ kind: "done", imported })
        void queries.invalidateQueries()
      },
      async (error: Error) => {
        if (error instanceof Refused && error.code === "SignInAgain" && (await signInAgain())) return send(file)
        setStage({ kind: "failed", error })
      }
    )
  }
  const choose = async (file: File | null): Promise<void> => {
    if (file === null) return
    const words = `${file.name} is taken in as a whole, or not at all. The hub has to be empty.`
    if (await confirm({ title: "Take this space in?", words, yes: "Import" }, operation)) await send(file)
  }
  return (
    <Stack gap="xs">
      <Group gap={2}>
        <Allowed scope="operate:write">
          {(may) => (
            <FileChoice onChange={(file) => void choose(file)}>
              {(props) => (
                <Button {...props} variant="default" size="xs" disabled={!may || stage?.kind === "sending"}>
                  Import into this empty hub
                </Button>
              )}
            </FileChoice>
          )}
        </Allowed>
        <CopyCommand operation={operation} />
      </Group>
      {stage === undefined ? null : <Shown stage={stage} onAbort={() => running.current?.abort()} />}
    </Stack>
  )
}

const Shown = ({ onAbort, stage }: { readonly stage: Stage; readonly onAbort: () => void }) => {
  if (stage.kind === "failed") return <Failed error={stage.error} />
  if (stage.kind === "done") {
    return (
      <Alert color="teal" variant="light" title={`${countOf(stage.imported.records, "record")} taken in`} role="status">
        The same hash as in the file was found: <Code className="inert">{stage.imported.stateHash}</Code>
      </Alert>
    )
  }
  return (
    <Stack gap={4}>
      <Text size="sm" role="status">
        {stage.sent < 1 ? `${share(stage.sent)} sent` : "All is sent; the hub takes it in"}
      </Text>
      <Progress value={stage.sent * 100} animated={stage.sent >= 1} aria-label="Sent" />
      <Group>
        <Button size="xs" variant="default" onClick={onAbort}>
          Break off
        </Button>
      </Group>
    </Stack>
  )
}
