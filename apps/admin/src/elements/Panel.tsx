/** A part of a screen with a name of its own. */
import { Group, Paper, Stack, Title } from "@mantine/core"
import { type ReactNode, useId } from "react"

interface Props {
  readonly title: string
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export const Panel = ({ actions, children, title }: Props) => {
  const id = useId()
  return (
    <Paper withBorder p="md" component="section" aria-labelledby={id}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Title order={2} size="h4" id={id}>
            {title}
          </Title>
          {actions}
        </Group>
        {children}
      </Stack>
    </Paper>
  )
}
