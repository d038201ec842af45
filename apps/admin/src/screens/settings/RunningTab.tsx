/** Whether the hub syncs by itself, stopping and starting it, and the doors for other systems. */
import { Group, NumberInput, Select, Stack, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { ask } from "../../api/ask.ts"
import { gatewaysQuery } from "../../api/operation.ts"
import { type Status, statusQuery } from "../../api/status.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { Ago } from "../../elements/Clock.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { Meanwhile } from "../../elements/Meanwhile.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { useEdited } from "../../elements/useEdited.ts"

export const RunningTab = () => {
  const status = useQuery(statusQuery)
  return (
    <Stack>
      <Panel title="Syncing by itself">
        <Loaded query={status}>{({ autoSync }) => <AutoSync autoSync={autoSync} />}</Loaded>
      </Panel>
      <Panel title="Links">
        <Loaded query={status}>{(data) => <StopStart status={data} />}</Loaded>
      </Panel>
      <Gateways />
    </Stack>
  )
}

const modes = [
  { value: "live", label: "all the time: changes go over as they come" },
  { value: "every", label: "now and then" },
  { value: "off", label: "only when it is told to" }
]
const secondsMin = 5
const secondsMax = 86_400

interface Mode {
  readonly kind: string
  readonly seconds: string | number
}

const modeWords = ({ kind, seconds }: Mode): string =>
  kind === "every" ? `every ${seconds} seconds` : (modes.find(({ value }) => value === kind)?.label ?? kind)

const AutoSync = ({ autoSync: { mode, nextAtMs } }: { readonly autoSync: Status["autoSync"] }) => {
  const theirs: Mode =
    typeof mode === "string" ? { kind: mode, seconds: 300 } : { kind: "every", seconds: mode.everyMs / 1_000 }
  const edited = useEdited(theirs, undefined)
  const { kind, seconds } = edited.value
  const body = { mode: kind === "every" ? { everyMs: Number(seconds) * 1_000 } : kind }
  return (
    <Stack gap="xs">
      <Meanwhile edited={edited} now={modeWords(theirs)} />
      <Group align="flex-end">
        <Select
          label="The hub syncs"
          data={modes}
          allowDeselect={false}
          value={kind}
          onChange={(value) => edited.edit({ kind: value ?? kind, seconds })}
          w={340}
          maw="100%"
        />
        {kind === "every" ? (
          <NumberInput
            label="Seconds between two rounds"
            min={secondsMin}
            max={secondsMax}
            allowDecimal={false}
            value={seconds}
            onChange={(value) => edited.edit({ kind, seconds: value })}
          />
        ) : null}
        <ActButton
          label="Change"
          size="sm"
          scope="peers:write"
          stale={["status"]}
          operation={{ id: "autosync.set", set: body }}
          run={() => ask("PUT", "/autosync", { body })}
          done="It is so from now on, also after a restart."
          onDone={edited.takeTheirs}
        />
      </Group>
      {nextAtMs === null ? null : (
        <Text size="sm">
          The next round comes <Ago atMs={nextAtMs} />.
        </Text>
      )}
    </Stack>
  )
}

const StopStart = ({ status: { addresses, closed, isStarted } }: { readonly status: Status }) => (
  <Stack gap="xs">
    <Group gap="xs">
      <StateBadge tone={isStarted ? "good" : "bad"} word={isStarted ? "devices are let in" : "stopped"} />
      <Text size="sm">{closed === null ? addresses.join(", ") : `Closed: ${closed}`}</Text>
    </Group>
    {isStarted ? (
      <ActButton
        label="Stop all links"
        color="red"
        scope="operate:write"
        stale={["status", "peers", "routes"]}
        operation={{ id: "orchestrator.stop" }}
        run={() => ask("POST", "/orchestrator/stop")}
        done="No device has a link until it is started again."
        question={{
          title: "Stop all links?",
          typed: "stop",
          yes: "Stop",
          words:
            "Every device loses its link, and none gets one until somebody starts it again, here or with the process. This page goes on."
        }}
      />
    ) : (
      <ActButton
        label="Start"
        variant="filled"
        scope="operate:write"
        stale={["status", "peers", "routes"]}
        operation={{ id: "orchestrator.start" }}
        run={() => ask("POST", "/orchestrator/start")}
        done="Devices are let in."
      />
    )}
  </Stack>
)

const Gateways = () => (
  <Panel title="Gateways for other systems">
    <Loaded
      query={useQuery(gatewaysQuery)}
      isEmpty={(list) => list.length === 0}
      empty={
        <Empty title="All are closed">
          Project-AI, Galileosky and iSync devices come in by gateways that the settings open; each says what it cannot
          protect.
        </Empty>
      }
    >
      {(list) => (
        <Stack>
          {list.map(({ because, isOpen, name, warning }) => (
            <div key={name}>
              <Group gap="xs">
                <Text fw={600}>{name}</Text>
                <StateBadge tone={isOpen ? "good" : "bad"} word={isOpen ? "open" : "closed"} />
              </Group>
              <Text size="sm">{warning}</Text>
              {because === null ? null : <Text size="sm">{because}</Text>}
            </div>
          ))}
        </Stack>
      )}
    </Loaded>
  </Panel>
)
