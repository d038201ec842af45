/** A secret that the hub tells once: it is copied now, or made anew. */
import { Alert, Button, Code, Group, Stack, Text } from "@mantine/core"
import type { ReactNode } from "react"
import { CopyButton } from "./CopyButton.tsx"

interface Props {
  readonly title: string
  readonly secret: string
  readonly children?: ReactNode
  readonly onDone: () => void
}

export const ShownOnce = ({ children, onDone, secret, title }: Props) => (
  <Alert color="blue" variant="light" title={title} role="status" data-shown-once>
    <Stack gap="xs" align="flex-start">
      <Group gap={4} wrap="nowrap">
        <Code className="inert" fz="sm">
          {secret}
        </Code>
        <CopyButton text={secret} label="Copy it" />
      </Group>
      <Text size="sm" component="div">
        It is shown this once. {children}
      </Text>
      <Button size="xs" variant="default" onClick={onDone}>
        I have it
      </Button>
    </Stack>
  </Alert>
)
