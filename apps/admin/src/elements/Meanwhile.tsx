/** Said at a form beneath which others changed something: what it is now, and a choice between theirs and what is typed. */
import { Alert, Button, Group, Stack, Text } from "@mantine/core"
import type { Edited } from "./useEdited.ts"

interface Props {
  readonly edited: Pick<Edited<unknown, unknown>, "isMoved" | "keepMine" | "takeTheirs">
  /** What it is now, fit to be seen. */
  readonly now: string
}

export const Meanwhile = ({ edited: { isMoved, keepMine, takeTheirs }, now }: Props) =>
  isMoved ? (
    <Alert color="orange" variant="light" title="Changed meanwhile by others" role="alert">
      <Stack gap="xs">
        <Text size="sm">It is now {now}. What you typed is still here.</Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={takeTheirs}>
            Take theirs
          </Button>
          <Button size="xs" variant="default" onClick={keepMine}>
            Keep mine
          </Button>
        </Group>
      </Stack>
    </Alert>
  ) : null
