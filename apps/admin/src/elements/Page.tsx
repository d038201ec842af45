/** A screen's frame: its name, one line on what it is for, what can be done on all of it. It says its name to the browser and to screen readers. */
import { Group, Stack, Text, Title } from "@mantine/core"
import { type ReactNode, useEffect, useRef } from "react"

interface Props {
  readonly title: string
  readonly description?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export const Page = ({ actions, children, description, title }: Props) => {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Syncline`
    // Whoever reads by ear is taken to where the new screen begins.
    heading.current?.focus({ preventScroll: true })
  }, [title])
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={4}>
          <Title order={1} size="h2" ref={heading} tabIndex={-1} className="page-title">
            {title}
          </Title>
          {description === undefined ? null : (
            <Text c="dimmed" maw={720}>
              {description}
            </Text>
          )}
        </Stack>
        <Group gap="xs">{actions}</Group>
      </Group>
      {children}
    </Stack>
  )
}
