/** What is done with one backup: verified, foreseen what restoring it would do, taken away. */
import { Button, Code, Group, Stack, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { ask } from "../../api/ask.ts"
import { planQuery } from "../../api/operation.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { Ago } from "../../elements/Clock.tsx"
import { CopyButton } from "../../elements/CopyButton.tsx"
import { count, countOf } from "../../elements/amounts.ts"
import { Loaded } from "../../elements/Loaded.tsx"

interface Props {
  readonly id: string
  /** As it stands in a path. */
  readonly part: string
  readonly isPlanned: boolean
  readonly onPlan: () => void
}

const act = { scope: "operate:write", stale: ["backups"] } as const

export const BackupActs = ({ id, isPlanned, onPlan, part }: Props) => (
  <Stack gap="xs">
    <Group gap="xs" wrap="nowrap">
      <ActButton
        {...act}
        label="Verify"
        operation={{ id: "backups.verify", args: [id] }}
        run={() => ask("POST", `/backups/${part}/verify`)}
        done="Every file is being read; this page tells what was found."
      />
      <Button size="xs" variant="default" onClick={onPlan} aria-expanded={isPlanned}>
        Restore…
      </Button>
      <ActButton
        {...act}
        label="Remove"
        operation={{ id: "backups.remove", args: [id], isRemoval: true }}
        run={() => ask("DELETE", `/backups/${part}`)}
        done="The backup is gone."
        question={{
          title: "Remove this backup?",
          typed: "remove",
          yes: "Remove",
          words: `${id} is deleted from the disk, for good.`
        }}
      />
    </Group>
    {isPlanned ? <Plan id={id} /> : null}
  </Stack>
)

/** A hub that runs is not restored under itself: what does it is a command. */
const Plan = ({ id }: { readonly id: string }) => (
  <Loaded query={useQuery(planQuery(id))}>
    {({ command, commits, commitsNow, madeMs, peers, records }) => (
      <Stack gap="xs" maw={560}>
        <Text size="sm">
          As of <Ago atMs={madeMs} />: {countOf(records, "record")}, {countOf(commits, "commit")}.{" "}
          {commitsNow === null
            ? "It is of another device or space than this hub's."
            : `The hub has ${count(commitsNow)} now: ${countOf(Math.max(0, commitsNow - commits), "commit")} would not be in it.`}{" "}
          {peers === 0
            ? "No peer can bring back what it lacks."
            : `What it lacks comes back from ${countOf(peers, "peer")}, as far as it is there.`}{" "}
          The hub goes on under a new incarnation, so nothing is taken for what it was.
        </Text>
        <Text size="sm">Nothing is changed from here. Stop the hub, and type on its machine:</Text>
        <Group gap={4} wrap="nowrap">
          <Code className="inert">{command}</Code>
          <CopyButton text={command} label="Copy the command" />
        </Group>
      </Stack>
    )}
  </Loaded>
)
