/** Buttons that copy a text, or the command that does the same as an action, and say that they did. */
import { ActionIcon, Button, Tooltip } from "@mantine/core"
import { useClipboard } from "@mantine/hooks"
import { IconCheck, IconCopy, IconTerminal2 } from "./icons.ts"
import { commandsOf, type Operation } from "./command.ts"

interface Props {
  readonly text: string
  readonly label: string
}

export const CopyButton = ({ label, text }: Props) => {
  const { copied, copy } = useClipboard({ timeout: 2_000 })
  return (
    <Tooltip label={copied ? "Copied" : label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={() => copy(text)}>
        {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
      </ActionIcon>
    </Tooltip>
  )
}

/** What somebody would type at the terminal to do the same. */
export const CopyCommand = ({
  isWide = false,
  operation
}: {
  readonly operation: Operation | ReadonlyArray<Operation>
  readonly isWide?: boolean
}) => {
  const { copied, copy } = useClipboard({ timeout: 2_000 })
  const copyIt = (): void => copy(commandsOf(operation, new URL(".", document.baseURI).href.replace(/\/$/, "")))
  const label = copied ? "Copied" : "Copy as syncline command"
  if (isWide) {
    return (
      <Button variant="subtle" color="gray" size="xs" leftSection={<IconTerminal2 size={16} />} onClick={copyIt}>
        {label}
      </Button>
    )
  }
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={copyIt}>
        {copied ? <IconCheck size={16} /> : <IconTerminal2 size={16} />}
      </ActionIcon>
    </Tooltip>
  )
}
