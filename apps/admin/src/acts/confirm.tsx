/** Asks for a yes before something that cannot be undone; before the worst, for a word to be typed. */
import { Button, Group, Stack, Text, TextInput } from "@mantine/core"
import { modals } from "@mantine/modals"
import { type ReactNode, useState } from "react"
import type { Operation } from "../elements/command.ts"
import { CopyCommand } from "../elements/CopyButton.tsx"

export interface Question {
  readonly title: string
  /** What happens, and what does not. */
  readonly words: ReactNode
  /** What has to be typed; without it a click is enough. */
  readonly typed?: string
  readonly yes: string
}

/** True where the person says yes. */
export const confirm = (question: Question, operation?: Operation | ReadonlyArray<Operation>): Promise<boolean> =>
  new Promise((resolve) => {
    const answer = (isYes: boolean): void => {
      resolve(isYes)
      modals.close(id)
    }
    const id = modals.open({
      title: question.title,
      children: <Asking question={question} operation={operation} onAnswer={answer} />,
      onClose: () => resolve(false)
    })
  })

interface Props {
  readonly question: Question
  readonly operation: Operation | ReadonlyArray<Operation> | undefined
  readonly onAnswer: (isYes: boolean) => void
}

const Asking = ({ onAnswer, operation, question: { typed, words, yes } }: Props) => {
  const [text, setText] = useState("")
  const isReady = typed === undefined || text === typed
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (isReady) onAnswer(true)
      }}
    >
      <Stack>
        <Text size="sm" component="div">
          {words}
        </Text>
        {typed === undefined ? null : (
          <TextInput
            label={`Type ${typed} to go on`}
            value={text}
            onChange={({ currentTarget }) => setText(currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        <Group justify="space-between">
          {operation === undefined ? <span /> : <CopyCommand operation={operation} isWide />}
          <Group gap="xs">
            <Button variant="default" onClick={() => onAnswer(false)}>
              Cancel
            </Button>
            <Button type="submit" color="red" disabled={!isReady}>
              {yes}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  )
}
