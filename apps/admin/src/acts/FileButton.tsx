/** A file that the hub gives: the browser takes it straight to the disk, whatever its size. Where that takes a fresh sign-in it is asked for first. */
import { Button, Group } from "@mantine/core"
import { useState } from "react"
import type { Query } from "../api/ask.ts"
import { urlOf } from "../api/ask.ts"
import { hubNowMs } from "../api/hubClock.ts"
import type { Operation } from "../elements/command.ts"
import { CopyCommand } from "../elements/CopyButton.tsx"
import { IconDownload } from "../elements/icons.ts"
import { signInAgain } from "../session/SignInAgain.tsx"
import { type Scope, useWho } from "../session/who.ts"
import { Allowed } from "./ActButton.tsx"

/** A sign-in is fresh for ten minutes; some of it goes by until the file begins. */
const freshMs = 9 * 60_000

interface Props {
  readonly label: string
  readonly path: string
  readonly query?: Query
  readonly scope: Scope
  readonly operation: Operation
  readonly isFresh?: boolean
}

export const FileButton = ({ isFresh = false, label, operation, path, query = {}, scope }: Props) => {
  const { signedInMs } = useWho()
  const [isWaiting, setWaiting] = useState(false)
  const get = async (): Promise<void> => {
    setWaiting(true)
    const isGood = !isFresh || hubNowMs() - (signedInMs ?? 0) < freshMs || (await signInAgain())
    setWaiting(false)
    if (!isGood) return
    const link = document.createElement("a")
    link.href = urlOf(path, query)
    link.download = ""
    link.click()
  }
  return (
    <Group gap={2} wrap="nowrap">
      <Allowed scope={scope}>
        {(may) => (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconDownload size={14} />}
            disabled={!may}
            loading={isWaiting}
            onClick={() => void get()}
          >
            {label}
          </Button>
        )}
      </Allowed>
      <CopyCommand operation={operation} />
    </Group>
  )
}
